import { once } from "node:events";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { addressGroup, clientAddress, installPeerStamp } from "@/lib/server/http/client-address";

let server: ReturnType<typeof createServer> | null = null;
let uninstall = () => {};
afterEach(() => {
  server?.close();
  uninstall();
});

/** What a handler sees of a request after the stamp: the address and the forwarding headers that are left. */
async function seen(trustedProxies: string[], headers: Record<string, string>): Promise<Record<string, unknown>> {
  uninstall = installPeerStamp(trustedProxies, () => true);
  server = createServer((incoming, answer) => {
    const found = new Headers(incoming.headers as Record<string, string>);
    answer.end(
      JSON.stringify({
        address: clientAddress(found),
        host: found.get("x-forwarded-host"),
      }),
    );
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const call = request({ host: "127.0.0.1", port: (server.address() as AddressInfo).port, headers }).end();
  const [answer] = await once(call, "response");
  let text = "";
  for await (const chunk of answer) text += chunk;
  return JSON.parse(text);
}

test("ATK84 without trusted proxies the socket's address counts and forwarding headers are gone", async () => {
  const headers = {
    "X-Forwarded-For": "203.0.113.7",
    "X-Forwarded-Host": "evil.example",
    "X-Murph-Client": "203.0.113.7",
  };
  expect(await seen([], headers)).toMatchObject({ address: "127.0.0.1", host: null });
});

test("ATK84 through a trusted proxy the nearest address that is none counts, not the first one written", async () => {
  const headers = { "X-Forwarded-For": "1.1.1.1, 203.0.113.7, 10.0.0.2", "X-Forwarded-Host": "chat.example" };
  expect(await seen(["127.0.0.1/32", "10.0.0.0/8"], headers)).toMatchObject({
    address: "203.0.113.7",
    host: "chat.example",
  });
});

test.each([
  ["203.0.113.7", "203.0.113.7"],
  ["::ffff:203.0.113.7", "203.0.113.7"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:db8:1:2::6", "2001:db8:1:2::/64"],
  ["2001:DB8:0001:0002::7", "2001:db8:1:2::/64"],
  ["::1", "0:0:0:0::/64"],
  ["fe80::1%eth0", "fe80:0:0:0::/64"],
])("%s is counted as %s", (address, group) => {
  expect(addressGroup(address)).toBe(group);
});
