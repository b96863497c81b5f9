import type { Env } from "@/lib/env";
import type { PusherServerOptions, Runtime } from "@/lib/runtime";
import type { Registration } from "./channels/registration";
import type { Database } from "./database";

/** What everything else reads, from the environment and the parts that were started. */
export function runtimeOf(parts: {
  env: Env;
  database: Database;
  nextAuthSecret: string;
  channels: Registration | null;
}): Runtime {
  const { env, database, nextAuthSecret, channels } = parts;
  const encryption = { encryptionMasterKeyBase64: env.pusherEncryptionMasterKey };
  const encrypted = env.pusherEncryptionMasterKey !== null;
  const shared = { env, databaseUrl: database.url, databaseDirectUrl: database.directUrl, nextAuthSecret };
  if (env.pusher.kind === "external") {
    const { appId, key, secret, cluster, host, port, tls, publicHost, publicPort, publicTls } = env.pusher;
    const wsHost = cluster === null ? publicHost : `ws-${cluster}.pusher.com`;
    return {
      ...shared,
      pusher: { appId, key, secret, cluster, host, port, useTLS: tls, ...encryption },
      publicPusher: { key, cluster, wsHost, wsPort: publicPort, forceTLS: publicTls, encrypted },
      channelsPort: null,
    };
  }
  const { appId, key, secret, host, port } = channels ?? NOWHERE;
  const pusher: PusherServerOptions = { appId, key, secret, cluster: null, host, port, useTLS: false, ...encryption };
  return {
    ...shared,
    pusher,
    publicPusher: { key, cluster: null, wsHost: null, wsPort: null, forceTLS: false, encrypted },
    channelsPort: channels?.port ?? null,
  };
}

/** For commands that only use the database: publishing from them fails and is left to the app's relay. */
const NOWHERE: Registration = { appId: "none", key: "none", secret: "none", host: "127.0.0.1", port: 1 };
