import { connect, createServer, type Socket } from "node:net";
import { listenAnywhere } from "./listen";
import { isSslRequest, MessageReader, strings, type WireMessage } from "./postgres-messages";
import { reset, SocketSet } from "./socket-set";

export interface SeenStatement {
  readonly sql: string;
  /** Resets this client's connection; whatever comes later is not passed on. */
  cut(): void;
}

export interface StatementHooks {
  /** Part of the statement's text, `send_message(` for example. */
  readonly statement: string;
  /** A client asks for it, and the server has not seen it yet. */
  asked?(seen: SeenStatement): Promise<void> | void;
  /** The server has answered and is ready again, so outside a transaction it is committed; the client does not know. */
  answered?(seen: SeenStatement, outcome: "ok" | "error"): Promise<void> | void;
}

export interface PostgresProxy {
  readonly port: number;
  /** The same address through the proxy. */
  through(url: string): string;
  watch(hooks: StatementHooks): () => void;
  /** Everything waits, both ways, and goes on when the returned function is called. New connections wait too. */
  hold(): () => void;
  /** Open connections and new ones are reset, until the returned function is called. */
  refuse(): () => void;
  /** Nothing comes through and nothing ends; connections from before and during it stay dead. */
  blackHole(): () => void;
  /** Resets every open connection. */
  cut(): void;
  close(): Promise<void>;
}

/** Stands in front of PostgreSQL and knows the statements that go through. */
export async function startPostgresProxy(options: { port: number; host?: string }): Promise<PostgresProxy> {
  const hooks = new Set<StatementHooks>();
  const sockets = new SocketSet();
  const lines = new Set<Line>();
  let refusing = false;
  let silent = false;
  let held: { until: Promise<void>; end: () => void } | null = null;

  const server = createServer((client) => {
    sockets.add(client);
    if (refusing) return reset(client);
    const backend = connect(options.port, options.host ?? "127.0.0.1");
    sockets.add(backend);
    const line = new Line(client, backend, hooks, () => held?.until ?? null);
    line.dead = silent;
    lines.add(line);
    client.once("close", () => lines.delete(line));
  });

  const port = await listenAnywhere(server);
  return {
    port,
    through(url) {
      const changed = new URL(url);
      changed.hostname = "127.0.0.1";
      changed.port = `${port}`;
      return changed.href;
    },
    watch(hook) {
      hooks.add(hook);
      return () => hooks.delete(hook);
    },
    hold() {
      held?.end();
      let end: () => void = () => undefined;
      const until = new Promise<void>((resolve) => {
        end = resolve;
      });
      const mine = { until, end };
      held = mine;
      return () => {
        if (held === mine) held = null;
        end();
      };
    },
    refuse() {
      refusing = true;
      sockets.cut();
      return () => {
        refusing = false;
      };
    },
    blackHole() {
      silent = true;
      for (const line of lines) line.dead = true;
      return () => {
        silent = false;
      };
    },
    cut: () => sockets.cut(),
    async close() {
      held?.end();
      sockets.cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** One client and its connection to the server. Each direction is carried on message by message, in order. */
class Line {
  dead = false;
  readonly #statements = new Map<string, string>();
  /** Text of the statement that the unnamed portal was bound to last. */
  #bound = "";
  /** Watched statements that were asked for and not answered. */
  readonly #asked: { sql: string; failed: boolean }[] = [];
  /** What the server said since the first of them. */
  #withheld: Buffer[] = [];

  constructor(
    readonly client: Socket,
    readonly backend: Socket,
    readonly hooks: ReadonlySet<StatementHooks>,
    readonly held: () => Promise<void> | null,
  ) {
    this.#carry(client, "client", (message) => this.#fromClient(message));
    this.#carry(backend, "server", (message) => this.#fromServer(message));
    client.once("close", () => backend.destroy());
    backend.once("error", () => {
      if (!this.dead) reset(client);
    });
    backend.once("close", () => {
      // What was said before the end is still on its way; in a black hole nobody hears of the end.
      if (!this.dead) client.end();
    });
  }

  #carry(from: Socket, side: "client" | "server", take: (message: WireMessage) => Promise<void>): void {
    const reader = new MessageReader(side);
    let work: Promise<void> = Promise.resolve();
    from.on("data", (chunk: Buffer) => {
      from.pause();
      work = (async () => {
        for (const message of reader.read(chunk)) {
          await this.held();
          if (this.dead) return;
          await take(message);
        }
      })().finally(() => from.resume());
      void work.catch(() => this.cut());
    });
  }

  cut(): void {
    this.dead = true;
    reset(this.client);
    reset(this.backend);
  }

  async #fromClient(message: WireMessage): Promise<void> {
    if (isSslRequest(message)) {
      this.client.write("N");
      return;
    }
    const sql = this.#askedBy(message);
    if (sql !== null && [...this.hooks].some(({ statement }) => sql.includes(statement))) {
      this.#asked.push({ sql, failed: false });
      for (const hook of this.hooks) if (sql.includes(hook.statement)) await hook.asked?.(this.#seen(sql));
    }
    if (!this.dead) this.backend.write(message.bytes);
  }

  /** The statement that this message makes the server run; null for all other messages. */
  #askedBy({ type, body }: WireMessage): string | null {
    if (type === "P") {
      const [name = "", sql = ""] = strings(body, 2);
      this.#statements.set(name, sql);
    } else if (type === "B") {
      const [, name = ""] = strings(body, 2);
      this.#bound = this.#statements.get(name) ?? "";
    } else if (type === "E") return this.#bound;
    else if (type === "Q") return strings(body, 1)[0] ?? "";
    return null;
  }

  async #fromServer({ type, bytes }: WireMessage): Promise<void> {
    if (this.#asked.length === 0) {
      this.client.write(bytes);
      return;
    }
    this.#withheld.push(bytes);
    if (type === "E") for (const statement of this.#asked) statement.failed = true;
    if (type !== "Z") return;
    const answered = this.#asked.splice(0);
    const said = Buffer.concat(this.#withheld.splice(0));
    for (const { sql, failed } of answered) {
      for (const hook of this.hooks) {
        if (sql.includes(hook.statement)) await hook.answered?.(this.#seen(sql), failed ? "error" : "ok");
      }
    }
    if (!this.dead) this.client.write(said);
  }

  #seen(sql: string): SeenStatement {
    return { sql, cut: () => this.cut() };
  }
}
