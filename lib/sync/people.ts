import { between } from "./backoff";
import type { ConnectionStatus } from "./connection";
import type { Api, Cancel, Ports } from "./ports";
import { Store } from "./store";
import { Timer } from "./timer";

/** As often as the list is read while live. */
const LOOK_AGAIN_MS = { low: 20_000, high: 27_000 };

export interface Presence {
  readonly online: boolean;
  readonly lastActiveAt: string | null;
}

/** Whether anybody could tell us that others come and go: by a push, or in an answer to what we ask. */
export function isTold({ status, reachable }: { status: ConnectionStatus; reachable: boolean }): boolean {
  return status === "live" || (status !== "offline" && reachable);
}

export type PresenceOf = ReadonlyMap<string, Presence>;

/**
 * Who is online, as far as anybody told us (C5). Pushes, lists and snapshots come in any order and say what was true at
 * some moment; which of two is the later one they say themselves, so it does not matter how they came.
 */
export class People {
  readonly #store: Store<{ known: PresenceOf }>;
  #known: PresenceOf = new Map();

  constructor() {
    this.#store = new Store(() => ({ known: this.#known }));
  }

  readonly getSnapshot = (): PresenceOf => this.#known;

  get subscribe(): (listener: () => void) => Cancel {
    return this.#store.subscribe;
  }

  see(people: Iterable<readonly [userId: string, presence: Presence]>): void {
    const next = new Map(this.#known);
    let changed = false;
    for (const [userId, { online, lastActiveAt }] of people) {
      const known = next.get(userId);
      if (known && !isLater({ online, lastActiveAt }, known)) continue;
      next.set(userId, { online, lastActiveAt });
      changed = true;
    }
    if (!changed) return;
    this.#store.batch(() => {
      this.#known = next;
    });
  }
}

/** As notices.ts of the protocol has it: coming online always moves the time, so at the same one offline is later. */
function isLater(a: Presence, b: Presence): boolean {
  const [timeA, timeB] = [a.lastActiveAt ?? "", b.lastActiveAt ?? ""];
  return timeA === timeB ? b.online && !a.online : timeA > timeB;
}

/** Every snapshot and list that anybody reads says who is online; this is where it is heard. */
export function withPeople(api: Api, people: People): Api {
  return {
    ...api,
    async readSnapshot(consultationId) {
      const result = await api.readSnapshot(consultationId);
      if (result.ok) people.see(result.value.participants.map(({ user, ...presence }) => [user.id, presence]));
      return result;
    },
    async listConsultations() {
      const result = await api.listConsultations();
      if (result.ok) people.see(result.value.consultations.map(({ counterpart }) => [counterpart.id, counterpart]));
      return result;
    },
  };
}

/**
 * A client without a connection learns of a room's people from its list, which names one other person a consultation.
 * While there are more of them than that, the room's snapshot is read now and then for what it says of them.
 */
export function keepRoomKnown(
  { api, clock, random, signals, transport }: Pick<Ports, "api" | "clock" | "random" | "signals" | "transport">,
  consultationId: string,
  hasOthers: () => boolean,
): Cancel {
  const timer = new Timer(clock);
  const lookAgain = () => {
    const deaf = transport.state() !== "connected";
    if (deaf && signals.online() && signals.visible() && hasOthers()) void api.readSnapshot(consultationId);
    wait();
  };
  const wait = () => timer.arm(between(random, LOOK_AGAIN_MS.low, LOOK_AGAIN_MS.high), lookAgain);
  wait();
  return () => timer.clear();
}
