import { Connection, type ConnectionStatus } from "./connection";
import type { Cancel, Ports } from "./ports";
import { Store } from "./store";

export interface SocketStatusView {
  readonly status: ConnectionStatus;
}

/** Status of the tab's connection as such, whatever it is used for. */
export class SocketStatus {
  readonly #connection: Connection;
  readonly #store: Store<SocketStatusView>;

  constructor(ports: Ports) {
    this.#connection = new Connection(ports, {
      channel: null,
      events: {},
      headCheck: false,
      batch: (run) => this.#store.batch(run),
      onCatchUp: () => {},
      onPoll: () => {},
    });
    this.#store = new Store(() => ({ status: this.#connection.status }));
  }

  get getSnapshot(): () => SocketStatusView {
    return this.#store.getSnapshot;
  }

  get subscribe(): (listener: () => void) => Cancel {
    return this.#store.subscribe;
  }

  start(): void {
    this.#store.batch(() => this.#connection.start());
  }

  stop(): void {
    this.#store.batch(() => this.#connection.stop());
  }
}
