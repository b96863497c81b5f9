import { parseEnv } from "@/lib/env";
import { type Runtime, setRuntime } from "@/lib/runtime";

interface IdleOptions {
  readonly environment?: Record<string, string>;
  readonly databaseUrl: string;
  readonly nextAuthSecret: string;
}

/**
 * A runtime of this database, as boot would have left it, without any Pusher: its values lead nowhere (a reserved
 * port). Tests that publish start a server and set their own.
 */
export function setIdleRuntime({ environment = {}, databaseUrl, nextAuthSecret }: IdleOptions): void {
  const pusher: Runtime["pusher"] = {
    appId: "test-app",
    key: "test-key",
    secret: "test-secret",
    cluster: null,
    host: "127.0.0.1",
    port: 1,
    useTLS: false,
    encryptionMasterKeyBase64: null,
  };
  setRuntime({
    env: parseEnv(environment).env,
    databaseUrl,
    databaseDirectUrl: databaseUrl,
    nextAuthSecret,
    pusher,
    publicPusher: { key: pusher.key, cluster: null, wsHost: null, wsPort: null, forceTLS: false, encrypted: false },
    channelsPort: null,
  });
}
