import "server-only";
import pg from "pg";
import { runtime } from "@/lib/runtime";
import { db } from "@/lib/server/db";
import { logger } from "@/lib/server/log";

/**
 * Processes tell each other of appends, so that nobody has to wait for a sweep. Only ever a hint: after the commit, in
 * a statement of its own (a NOTIFY inside the append would make all appends of the database commit one by one), not
 * awaited, and when it is lost the next sweep finds the event.
 */
const CHANNEL = "murph_relay";
/** PostgreSQL takes 8,000 bytes a notification. */
const IDS_A_NOTIFICATION = 200;
const NOTIFY_AGAIN_MS = 10;
const UNHELD = "unheld";
const HELD = "held";

const HEARTBEAT_MS = 15_000;
const HEARTBEAT_TIMEOUT_MS = 5_000;
const RECONNECT_MS = { first: 250, most: 5_000 };

/** Ids of consultations, and whether nobody holds them. */
const pending = new Map<string, boolean>();
let notifying = false;

/** Tells the other processes that this one has appended to a consultation it does not publish itself. */
export function notifyRelays(consultationId: string, unheld: boolean): void {
  pending.set(consultationId, unheld || pending.get(consultationId) === true);
  if (!notifying) void notifyPending();
}

async function notifyPending(): Promise<void> {
  notifying = true;
  try {
    while (pending.size > 0) {
      const taken = [...pending].slice(0, IDS_A_NOTIFICATION);
      for (const [id] of taken) pending.delete(id);
      const payloads = [true, false].flatMap((unheld) => {
        const ids = taken.flatMap(([id, is]) => (is === unheld ? [id] : []));
        return ids.length > 0 ? [`${unheld ? UNHELD : HELD} ${ids}`] : [];
      });
      await db().$executeRaw`SELECT pg_notify(${CHANNEL}, payload) FROM unnest(${payloads}::text[]) AS payload`;
      await new Promise((resolve) => setTimeout(resolve, NOTIFY_AGAIN_MS).unref());
    }
  } catch (error) {
    pending.clear();
    logger().debug({ err: error }, "other relays not notified");
  } finally {
    notifying = false;
  }
}

interface WakeUps {
  onAppended(consultationId: string, unheld: boolean): void;
  /** Listening has begun, perhaps again: what was notified before was missed. */
  onListening(): void;
}

/** Listens until stopped, on a session of its own; a lost one is opened again. It also says that `owner` lives. */
export function listenForWakeUps(owner: string, { onAppended, onListening }: WakeUps): { stop(): Promise<void> } {
  let client: pg.Client | null = null;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let failures = 0;
  let connecting = open();

  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await connecting;
      await client?.end().catch(() => undefined);
    },
  };

  async function open(): Promise<void> {
    const opened = new pg.Client({
      connectionString: runtime().databaseDirectUrl,
      application_name: "murph-relay",
      connectionTimeoutMillis: 5_000,
      query_timeout: HEARTBEAT_TIMEOUT_MS,
      keepAlive: true,
    });
    // Its end follows.
    opened.on("error", () => undefined);
    opened.once("end", () => reopen(opened));
    opened.on("notification", ({ payload = "" }) => {
      const [kind, ids = ""] = payload.split(" ");
      for (const id of ids.split(",")) onAppended(id, kind !== HELD);
    });
    client = opened;
    try {
      await opened.connect();
      await opened.query(`LISTEN ${CHANNEL}`);
      await opened.query("SELECT enter_relay($1::uuid)", [owner]);
    } catch (error) {
      logger().debug({ err: error }, "relay does not listen, trying again");
      return reopen(opened);
    }
    failures = 0;
    onListening();
    beat(opened);
  }

  /** A session whose network has gone says nothing: it has to be asked. */
  function beat(current: pg.Client): void {
    if (stopped || client !== current) return;
    timer = setTimeout(() => {
      current.query("SELECT 1").then(
        () => beat(current),
        () => reopen(current),
      );
    }, HEARTBEAT_MS);
    timer.unref();
  }

  function reopen(lost: pg.Client): void {
    if (stopped || client !== lost) return;
    client = null;
    clearTimeout(timer);
    lost.end().catch(() => undefined);
    const pause = Math.min(RECONNECT_MS.most, RECONNECT_MS.first * 2 ** failures++);
    timer = setTimeout(
      () => {
        connecting = open();
      },
      pause * (0.75 + Math.random() / 2),
    );
    timer.unref();
  }
}
