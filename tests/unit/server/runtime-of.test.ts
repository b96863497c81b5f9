import { expect, test } from "vitest";
import { runtimeOf } from "@/lib/boot/runtime-of";
import { parseEnv } from "@/lib/env";

const ACCOUNT = { PUSHER_APP_ID: "1", PUSHER_KEY: "key", PUSHER_SECRET: "secret", NEXTAUTH_SECRET: "0123456789abcdef" };

/** What `GET /api/pusher/config` answers under this environment. */
function publicPusher(environment: Record<string, string>) {
  const database = {
    url: "postgres://app@db/murph",
    directUrl: "postgres://app@db/murph",
    ownerUrl: "postgres://owner@db/murph",
    pooled: false,
    appRole: null,
    place: "test",
    stop: async () => undefined,
    stopSync: () => undefined,
  };
  const { env } = parseEnv({ ...ACCOUNT, ...environment });
  return runtimeOf({ env, database, nextAuthSecret: "0123456789abcdef", channels: null }).publicPusher;
}

test("with a cluster browsers are sent to the hosted service, not to our own origin", () => {
  expect(publicPusher({ PUSHER_CLUSTER: "eu" })).toEqual({
    key: "key",
    cluster: "eu",
    wsHost: "ws-eu.pusher.com",
    wsPort: null,
    forceTLS: true,
    encrypted: false,
  });
});

test("with a host of one's own browsers are sent there, or to its public name", () => {
  expect(publicPusher({ PUSHER_HOST: "channels.internal", PUSHER_PORT: "6001", PUSHER_TLS: "false" })).toMatchObject({
    cluster: null,
    wsHost: "channels.internal",
    wsPort: 6001,
    forceTLS: false,
  });
  const proxied = { PUSHER_HOST: "channels.internal", PUSHER_PUBLIC_HOST: "push.example", PUSHER_PUBLIC_PORT: "8443" };
  expect(publicPusher(proxied)).toMatchObject({ wsHost: "push.example", wsPort: 8443, forceTLS: true });
});
