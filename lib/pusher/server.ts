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
  await answerOf(pusherServer().triggerBatch(batch.map(toBatchEvent)));
}

/** The occupied channels whose names begin so. Throws PusherError. */
export async function occupiedChannels(prefix: string): Promise<string[]> {
  const answer = await answerOf(pusherServer().get({ path: "/channels", params: { filter_by_prefix: prefix } }));
  const { channels } = answer as { channels?: unknown };
  if (typeof channels !== "object" || channels === null) throw new PusherError(null);
  return Object.keys(channels);
}

/** Whether anybody is subscribed to this channel. Throws PusherError. */
export async function isChannelOccupied(name: string): Promise<boolean> {
  const { occupied } = (await answerOf(pusherServer().get({ path: `/channels/${name}` }))) as { occupied?: unknown };
  if (typeof occupied !== "boolean") throw new PusherError(null);
  return occupied;
}

/** Ends every connection on which this user has signed in; they may come back at once. Throws PusherError. */
export async function terminateUserConnections(userId: string): Promise<void> {
  await answerOf(pusherServer().terminateUserConnections(userId));
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
async function answerOf(call: ReturnType<Pusher["get"]>): Promise<object> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new PusherError(null)), TIMEOUT_MS);
  });
  // Both ways: an answer that breaks off in its body is an error of the SDK too, with the signed URL in its words.
  const text = call
    .then((response) => response.text())
    .catch((error: { status?: number }) => {
      throw new PusherError(error.status ?? null);
    });
  try {
    return readAnswer(await Promise.race([text, late]));
  } finally {
    clearTimeout(timer);
    text.catch(() => {});
  }
}

function readAnswer(body: string): object {
  let answer: unknown;
  try {
    answer = JSON.parse(body);
  } catch {
    // Soketi and others answer some calls with a bare word.
  }
  if (typeof answer !== "object" || answer === null) return {};
  const { error, code } = answer as { error?: unknown; code?: unknown };
  if (error !== undefined) throw new PusherError(typeof code === "number" ? code : 400);
  return answer;
}
