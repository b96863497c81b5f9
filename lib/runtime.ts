import type { Env } from "./env";
import type { PusherConfig } from "./protocol/pusher-config";

/** Where the parts of this process are, once boot has started or found them. */
export interface Runtime {
  env: Env;
  /** Connection of the app's lesser role. */
  databaseUrl: string;
  /** Connection that may LISTEN and hold locks (never behind a transaction pooler). */
  databaseDirectUrl: string;
  nextAuthSecret: string;
  pusher: PusherServerOptions;
  publicPusher: PusherConfig;
  /** Loopback port of the built-in Channels server that the proxy joins sockets to; null with an external Pusher. */
  channelsPort: number | null;
}

export interface PusherServerOptions {
  appId: string;
  key: string;
  secret: string;
  /** Exactly one of `cluster` and `host` is set. */
  cluster: string | null;
  host: string | null;
  port: number | null;
  useTLS: boolean;
  encryptionMasterKeyBase64: string | null;
}

// One object for the whole process: bundlers load several copies of this module into it.
const holder = globalThis as { __murphRuntime?: Runtime };

/** Called by boot only; again when the built-in Channels server moved. */
export function setRuntime(runtime: Runtime): void {
  holder.__murphRuntime = runtime;
}

/** The running parts. Throws before boot has finished and during `next build`. */
export function runtime(): Runtime {
  if (!holder.__murphRuntime) throw new Error("Murph is not started: boot() has not finished in this process");
  return holder.__murphRuntime;
}
