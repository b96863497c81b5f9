import pg from "pg";
import { clock, until } from "./deadline";
import { TOKEN } from "./page-log";

/** A message as the database has it. */
export interface Row {
  readonly id: string;
  readonly seq: number;
  readonly token: string;
  readonly senderId: string;
  readonly createdAt: number;
}

const TOKEN_AT_START = new RegExp(`^${TOKEN}`);
const QUERY_MS = 5_000;
const AWAY_MS = 60_000;

/** Looks into the database past every proxy, and bears its absence. */
export class Database {
  #client: pg.Client | null = null;
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  async query<T extends pg.QueryResultRow>(sql: string, values: unknown[] = []): Promise<T[]> {
    let rows: T[] = [];
    await until(
      async () => {
        try {
          this.#client ??= await this.#connect();
          rows = (await this.#client.query<T>(sql, values)).rows;
          return true;
        } catch (error) {
          if ((error as { severity?: string }).severity === "ERROR") throw error;
          const broken = this.#client;
          this.#client = null;
          void broken?.end().catch(() => undefined);
          return false;
        }
      },
      "the database",
      AWAY_MS,
      50,
    );
    return rows;
  }

  async close(): Promise<void> {
    await this.#client?.end().catch(() => undefined);
  }

  async #connect(): Promise<pg.Client> {
    const client = new pg.Client({
      connectionString: this.#url,
      connectionTimeoutMillis: 2_000,
      query_timeout: QUERY_MS,
      application_name: "murph-chaos",
    });
    client.on("error", () => undefined);
    await client.connect();
    return client;
  }
}

/** The messages of one room, read as they are committed: their numbers have no gap and grow in commit order. */
export class Committed {
  readonly rows: Row[] = [];
  readonly byToken = new Map<string, Row[]>();
  readonly byId = new Map<string, Row>();
  /** When this harness first knew of the newest row. */
  readAt = 0;

  constructor(
    readonly database: Database,
    readonly consultationId: string,
  ) {}

  get head(): number {
    return this.rows.at(-1)?.seq ?? 0;
  }

  async read(): Promise<number> {
    const found = await this.database.query<{
      id: string;
      seq: number;
      content: string;
      sender_id: string;
      created_at: Date;
    }>(
      `SELECT id, seq, content, sender_id, created_at FROM messages
       WHERE consultation_id = $1 AND seq > $2 AND kind = 'text' ORDER BY seq`,
      [this.consultationId, this.head],
    );
    for (const { id, seq, content, sender_id: senderId, created_at } of found) {
      // Two readings at once bring the same rows.
      if (this.byId.has(id)) continue;
      const token = TOKEN_AT_START.exec(content)?.[0] ?? "";
      const row = { id, seq, token, senderId, createdAt: created_at.getTime() };
      this.rows.push(row);
      this.byId.set(id, row);
      this.byToken.set(token, [...(this.byToken.get(token) ?? []), row]);
    }
    this.readAt = clock();
    return this.head;
  }

  async positions(): Promise<Map<string, { delivered: number; read: number }>> {
    const rows = await this.database.query<{ user_id: string; d: number; r: number }>(
      `SELECT user_id, delivered_up_to_seq AS d, read_up_to_seq AS r FROM participants WHERE consultation_id = $1`,
      [this.consultationId],
    );
    return new Map(rows.map(({ user_id, d, r }) => [user_id, { delivered: d, read: r }]));
  }
}
