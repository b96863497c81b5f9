import "server-only";
import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import Pusher from "pusher";
import { type PusherServerOptions, runtime } from "@/lib/runtime";

const TIMEOUT_MS = 3_000;
const MAX_BATCH = 10;

/** A call that Pusher refused (`status`) or that never got an answer (null). Carries no URL: those are signed. */
export class PusherError extends Error {
  override name = "PusherError";
  constructor(readonly status: number | null) {
    super(status === null ? "Pusher did not answer" : `Pusher answered ${status}`);
  }
}

export interface PusherEvent {
  channel: string;
  name: string;
  /** JSON text. */
  data: string;
}

const holder = globalThis as { __murphPusher?: { options: string; client: Pusher } };

/** The server's client, made anew when the configuration changed (the built-in server may move). */
export function pusherServer(): Pusher {
  const options = JSON.stringify(runtime().pusher);
  if (holder.__murphPusher?.options !== options) {
    holder.__murphPusher = { options, client: connect(runtime().pusher) };
  }
  return holder.__murphPusher.client;
}

function connect({ host, port, cluster, encryptionMasterKeyBase64, ...account }: PusherServerOptions): Pusher {
  const base = {
    ...account,
    timeout: TIMEOUT_MS,
    agent: account.useTLS ? new HttpsAgent({ keepAlive: true }) : new HttpAgent({ keepAlive: true }),
    ...(encryptionMasterKeyBase64 === null ? {} : { encryptionMasterKeyBase64 }),
  };
  if (cluster !== null) return new Pusher({ ...base, cluster });
  return new Pusher({ ...base, host: host ?? "127.0.0.1", ...(port === null ? {} : { port: String(port) }) });
}

/** Publishes up to ten events in their order, in one call. Throws PusherError. */
export async function triggerPusherEvents(batch: readonly PusherEvent[]): Promise<void> {
  if (batch.length > MAX_BATCH) throw new RangeError(`A batch holds at most ${MAX_BATCH} events`);
  await judge(pusherServer().triggerBatch(batch.map(toBatchEvent)));
}

/** The SDK serialises what it encrypts, text too: there the receiver would get a string instead of an object. */
function toBatchEvent({ channel, name, data }: PusherEvent): Pusher.BatchEvent {
  return { channel, name, data: channel.startsWith("private-encrypted-") ? JSON.parse(data) : data };
}

/** Signature for one socket and one channel; a presence channel gets its member from `presenceUser` alone. */
export function authorizeChannel(
  socketId: string,
  channelName: string,
  presenceUser?: Pusher.PresenceChannelData,
): Pusher.ChannelAuthResponse {
  return pusherServer().authorizeChannel(socketId, channelName, presenceUser);
}

/** Signature that ties a socket to a user, so that it can be terminated. */
export function authenticateUser(socketId: string, userId: string): Pusher.UserAuthResponse {
  return pusherServer().authenticateUser(socketId, { id: userId });
}

/** Whether these exact bytes were signed by our Pusher application. */
export function verifyWebhook(rawBody: Buffer, key: string, signature: string): boolean {
  return pusherServer()
    .webhook({
      headers: { "x-pusher-key": key, "x-pusher-signature": signature, "content-type": "application/json" },
      rawBody: rawBody.toString("utf8"),
    })
    .isValid();
}

/** Reads the answer to its end, which gives the connection back and finds errors that some servers send as 200. */
async function judge(call: ReturnType<Pusher["triggerBatch"]>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new PusherError(null)), TIMEOUT_MS);
  });
  // Both ways: an answer that breaks off in its body is an error of the SDK too, with the signed URL in its words.
  const answer = call
    .then((response) => response.text())
    .then(refusalCode, (error: { status?: number }) => {
      throw new PusherError(error.status ?? null);
    });
  try {
    const code = await Promise.race([answer, late]);
    if (code !== null) throw new PusherError(code);
  } finally {
    clearTimeout(timer);
    answer.catch(() => {});
  }
}

function refusalCode(body: string): number | null {
  try {
    const { error, code } = JSON.parse(body) as { error?: unknown; code?: unknown };
    return error === undefined ? null : typeof code === "number" ? code : 400;
  } catch {
    return null;
  }
}
