import { randomUUID } from "node:crypto";
import { encode } from "next-auth/jwt";
import { expect, test } from "vitest";
import { parseEnv } from "@/lib/env";
import { type Runtime, setRuntime } from "@/lib/runtime";
import { readToken } from "@/lib/server/auth/claim-cookie";

const secret = "test-secret-test-secret";
const claim = { sessionId: randomUUID(), userId: randomUUID() };

/** The claim read from a cookie of this name, while NEXTAUTH_URL is this. */
async function claimFrom(name: string, nextAuthUrl: string) {
  setRuntime({ env: parseEnv({ NEXTAUTH_URL: nextAuthUrl }).env, nextAuthSecret: secret } as Runtime);
  const value = await encode({ token: claim, secret });
  const token = await readToken({ get: (asked) => (asked === name ? { value } : undefined) });
  return token?.claim ?? null;
}

test("ATK72 over TLS only the cookie that is pinned to this host is believed", async () => {
  expect(await claimFrom("__Host-next-auth.session-token", "https://chat.example")).toEqual(claim);
  expect(await claimFrom("next-auth.session-token", "https://chat.example")).toBeNull();
  expect(await claimFrom("next-auth.session-token", "http://chat.example")).toEqual(claim);
});
