import "server-only";
import { type AgentOptions, Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import Pusher from "pusher";
import { type PusherServerOptions, runtime } from "@/lib/runtime";

const TIMEOUT_MS = 3_000;
/** A call that has no answer by then is made once more beside it: more than a slow second, and in time for two. */
const PATIENCE_MS = 1_300;
/** And so much of it for a process that stood still, to read what has come meanwhile. */
const READING_MS = 50;
/** Unused connections end on our side first: a second before the time that their server names, or after this. */
const IDLE_MS = 5_000;
const MAX_BATCH = 10;

/** A call that Pusher refused (`status`) or that never got an answer (null), twice. Carries no URL: those are signed. */
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

interface Clients {
  options: string;
  client: Pusher;
  /** Opens a connection for each call. */
  fresh: Pusher;
}

const holder = globalThis as { __murphPusher?: Clients };

/** The server's client, made anew when the configuration changed (the built-in server may move). */
export function pusherServer(): Pusher {
  return clients().client;
}

function clients(): Clients {
  const options = JSON.stringify(runtime().pusher);
  if (holder.__murphPusher?.options !== options) {
    const { pusher } = runtime();
    const client = connect(pusher, { keepAlive: true, timeout: IDLE_MS });
    holder.__murphPusher = { options, client, fresh: connect(pusher, { keepAlive: false }) };
  }
  return holder.__murphPusher;
}

function connect(
  { host, port, cluster, encryptionMasterKeyBase64, ...account }: PusherServerOptions,
  connections: AgentOptions,
): Pusher {
  const base = {
    ...account,
    timeout: TIMEOUT_MS,
    agent: account.useTLS ? new HttpsAgent(connections) : new HttpAgent(connections),
    ...(encryptionMasterKeyBase64 === null ? {} : { encryptionMasterKeyBase64 }),
  };
  if (cluster !== null) return new Pusher({ ...base, cluster });
  return new Pusher({ ...base, host: host ?? "127.0.0.1", ...(port === null ? {} : { port: String(port) }) });
}

/** Publishes up to ten events in their order, in one call. Throws PusherError. */
export async function triggerPusherEvents(batch: readonly PusherEvent[]): Promise<void> {
  if (batch.length > MAX_BATCH) throw new RangeError(`A batch holds at most ${MAX_BATCH} events`);
  await answerOf((pusher) => pusher.triggerBatch(batch.map(toBatchEvent)));
}

/** The occupied channels whose names begin so. Throws PusherError. */
export async function occupiedChannels(prefix: string): Promise<string[]> {
  const path = { path: "/channels", params: { filter_by_prefix: prefix } };
  const { channels } = (await answerOf((pusher) => pusher.get(path))) as { channels?: unknown };
  if (typeof channels !== "object" || channels === null) throw new PusherError(null);
  return Object.keys(channels);
}

/** Whether anybody is subscribed to this channel. Throws PusherError. */
export async function isChannelOccupied(name: string): Promise<boolean> {
  const path = { path: `/channels/${name}` };
  const { occupied } = (await answerOf((pusher) => pusher.get(path))) as { occupied?: unknown };
  if (typeof occupied !== "boolean") throw new PusherError(null);
  return occupied;
}

/** Ends every connection on which this user has signed in; they may come back at once. Throws PusherError. */
export async function terminateUserConnections(userId: string): Promise<void> {
  await answerOf((pusher) => pusher.terminateUserConnections(userId));
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

type Call = (pusher: Pusher) => ReturnType<Pusher["get"]>;

/**
 * One reset, one lost packet or one broken gateway is no outage (W10): a call that fails so, or has no answer for long,
 * is made once more at once, on a connection of its own, and either answer will do. Every call may be made twice: the
 * receivers know events by their seq, and the others say how things are.
 */
async function answerOf(call: Call): Promise<object> {
  const { client, fresh } = clients();
  const timers: NodeJS.Timeout[] = [];
  const after = (ms: number) => new Promise<null>((resolve) => timers.push(setTimeout(resolve, ms, null)));
  const late = after(TIMEOUT_MS).then(() => Promise.reject(new PusherError(null)));
  late.catch(() => {});
  try {
    const first = readCall(call(client));
    const soon = await Promise.race([first, after(PATIENCE_MS).then(() => after(READING_MS))]).catch(
      (error: unknown) => {
        if (!mayPass(error)) throw error;
        return null;
      },
    );
    if (soon) return soon;
    const either = Promise.any([first, readCall(call(fresh))]).catch(({ errors }: AggregateError) => {
      throw errors.at(-1);
    });
    return await Promise.race([either, late]);
  } finally {
    for (const timer of timers) clearTimeout(timer);
  }
}

function mayPass(error: unknown): boolean {
  return error instanceof PusherError && (error.status === null || error.status >= 500);
}

/** Reads the answer to its end, which gives the connection back and finds errors that some servers send as 200. */
async function readCall(call: ReturnType<Call>): Promise<object> {
  const body = await call
    .then((response) => response.text())
    // Both ways: an answer that breaks off in its body is an error of the SDK too, with the signed URL in its words.
    .catch((error: { status?: number }) => {
      throw new PusherError(error.status ?? null);
    });
  return readAnswer(body);
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
