import type Pusher from "pusher-js";
import type { Options } from "pusher-js";
import { type Answer, judgeAnswer } from "@/lib/protocol/answer";
import { channelAuthSchema, type PusherConfig, pusherConfigSchema, userAuthSchema } from "@/lib/protocol/pusher-config";
import { VIEWER_HEADER } from "@/lib/protocol/viewer-header";

export type { Channel, default as Pusher } from "pusher-js";

/** A dead link is seen within 10 + 6 seconds (CON4); the defaults of pusher-js may take 150. */
const ACTIVITY_TIMEOUT_MS = 10_000;
const PONG_TIMEOUT_MS = 6_000;
/** The last resort: attempts end earlier, by the transport. */
const CONNECT_TIMEOUT_MS = 15_000;
const SIGN_IN_AGAIN_MS = { first: 5_000, longest: 120_000 };
const CONFIG_TIMEOUT_MS = 5_000;
const AUTH_TIMEOUT_MS = 10_000;
const REFUSED = /^refused (\d{3})$/;

/** The tab's one connection, with what the server said about reaching it. */
export interface PusherClient {
  readonly pusher: Pusher;
  readonly config: PusherConfig;
}

// On the global object, so that a module that is evaluated again (hot reload) finds the connection that is there.
const holder = globalThis as { __murphPusherClient?: Promise<PusherClient> | undefined };

/** Lazy, because its configuration comes at run time. A failure is forgotten: the next call tries again. */
export function pusherClient(viewerId: string): Promise<PusherClient> {
  holder.__murphPusherClient ??= createPusherClient(viewerId).catch((error: unknown) => {
    holder.__murphPusherClient = undefined;
    throw error;
  });
  return holder.__murphPusherClient;
}

/** Ends the connection for good; the next `pusherClient` makes a new one. */
export async function closePusherClient(): Promise<void> {
  const client = holder.__murphPusherClient;
  holder.__murphPusherClient = undefined;
  // One that could not be made needs no end.
  const pusher = await client?.then(
    (made) => made.pusher,
    () => undefined,
  );
  if (!pusher) return;
  pusher.unbind_all();
  pusher.connection.unbind();
  pusher.disconnect();
}

async function createPusherClient(viewerId: string): Promise<PusherClient> {
  const config = await readConfig();
  // Two builds: the one that can decrypt is larger and breaks when it is merely imported on the server.
  const { default: PusherJs } = config.encrypted
    ? await import("pusher-js/with-encryption")
    : await import("pusher-js");
  const pusher = new PusherJs(config.key, pusherOptions(config, window.location, viewerId));
  keepSignedIn(pusher);
  return { pusher, config };
}

/** Lets the server end this user's sockets. pusher-js signs in with each connection, but never again after a failure. */
function keepSignedIn(pusher: Pusher): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const watch = (delayMs: number) => {
    clearTimeout(timer);
    timer = setTimeout(
      () => {
        if (pusher.connection.state !== "connected" || pusher.user.user_data) return;
        pusher.user.signin_requested = false;
        pusher.signin();
        watch(Math.min(SIGN_IN_AGAIN_MS.longest, delayMs * 2));
      },
      delayMs * (1 + Math.random()),
    );
  };
  pusher.connection.bind("connected", () => watch(SIGN_IN_AGAIN_MS.first));
  pusher.connection.bind("disconnected", () => clearTimeout(timer));
  pusher.signin();
}

async function readConfig(): Promise<PusherConfig> {
  const signal = AbortSignal.timeout(CONFIG_TIMEOUT_MS);
  const response = await fetch(sameOrigin("/api/pusher/config"), { redirect: "error", signal });
  const answer = judgeAnswer(response.status, await response.text(), pusherConfigSchema);
  if (answer.kind !== "ok") throw new Error(`The Pusher configuration is not available: ${response.status}`);
  return answer.value;
}

/** `wsHost: null` is the origin that the page came from. No host but `wsHost` and our own origin is ever asked. */
export function pusherOptions(
  config: PusherConfig,
  page: Pick<Location, "hostname" | "port" | "protocol">,
  viewerId: string,
): Options {
  const pageTLS = page.protocol === "https:";
  const forceTLS = config.wsHost === null ? pageTLS : config.forceTLS;
  const pagePort = page.port === "" ? null : Number(page.port);
  const port = (config.wsHost === null ? pagePort : config.wsPort) ?? (forceTLS ? 443 : 80);
  return {
    cluster: config.cluster ?? "",
    wsHost: config.wsHost ?? page.hostname,
    wsPort: port,
    wssPort: port,
    forceTLS,
    // Without TLS the second attempt would knock at the same plain port with "wss" and can only fail.
    enabledTransports: forceTLS ? ["ws", "wss"] : ["ws"],
    disableStats: true,
    activityTimeout: ACTIVITY_TIMEOUT_MS,
    pongTimeout: PONG_TIMEOUT_MS,
    unavailableTimeout: CONNECT_TIMEOUT_MS,
    channelAuthorization: {
      customHandler: ({ socketId, channelName }, callback) => {
        const fields = { socket_id: socketId, channel_name: channelName };
        const judge = (status: number, text: string) => judgeAnswer(status, text, channelAuthSchema);
        authorise(viewerId, "/api/pusher/auth", fields, judge).then(
          (data) => callback(null, data),
          (error: Error) => callback(error, null),
        );
      },
    },
    userAuthentication: {
      customHandler: ({ socketId }, callback) => {
        const judge = (status: number, text: string) => judgeAnswer(status, text, userAuthSchema);
        authorise(viewerId, "/api/pusher/user-auth", { socket_id: socketId }, judge).then(
          (data) => callback(null, data),
          (error: Error) => callback(error, null),
        );
      },
    },
  };
}

/**
 * Our own instead of pusher-js's, which would send on whatever answers 200 and take a gateway's 403 for ours (SND4).
 * The redirect of a portal is no answer either.
 */
async function authorise<T>(
  viewerId: string,
  path: string,
  fields: Record<string, string>,
  judge: (status: number, text: string) => Answer<T>,
): Promise<T> {
  const response = await fetch(sameOrigin(path), {
    method: "POST",
    // SND5: another tab may have signed in as somebody else, whose cookie this tab then shares.
    headers: { [VIEWER_HEADER]: viewerId },
    body: new URLSearchParams(fields),
    redirect: "error",
    signal: AbortSignal.timeout(AUTH_TIMEOUT_MS),
  });
  const answer = judge(response.status, await response.text());
  if (answer.kind === "ok") return answer.value;
  throw new Error(answer.kind === "refused" ? `refused ${answer.status}` : "no answer");
}

/** The status with which our server, or the Channels server, refused a subscription; null: nobody did. */
export function refusalOf(error: { status?: number; error?: string } | undefined): number | null {
  const ours = REFUSED.exec(error?.error ?? "")?.[1];
  return error?.status ?? (ours === undefined ? null : Number(ours));
}

function sameOrigin(path: string): string {
  return typeof window === "undefined" ? path : new URL(path, window.location.origin).href;
}
