import "server-only";
import { randomBytes } from "node:crypto";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { IncomingMessage } from "node:http";
import proxyAddr from "proxy-addr";

const holder = globalThis as { __murphPeerHeader?: string };

const CHANNEL = "http.server.request.start";
const FORWARDED = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-port"];

/**
 * Writes the true client address into each request before anything else sees it, and takes away every forwarding
 * header that did not come through a trusted proxy: Next and next-auth believe those as they are. The header's name
 * is drawn anew for each process, so that no client can send it. Answers how to take the stamp off again.
 */
export function installPeerStamp(trustedProxies: readonly string[]): () => void {
  if (holder.__murphPeerHeader) return () => undefined;
  const header = `x-murph-client-${randomBytes(12).toString("hex")}`;
  const trusts = trustedProxies.length > 0 ? proxyAddr.compile([...trustedProxies]) : () => false;
  holder.__murphPeerHeader = header;

  const stamp = (message: unknown) => {
    const { request } = message as { request: IncomingMessage };
    const address = proxyAddr(request, trusts);
    if (!trusts(request.socket.remoteAddress ?? "", 0)) {
      for (const name of FORWARDED) delete request.headers[name];
    }
    request.headers[header] = address;
  };
  subscribe(CHANNEL, stamp);
  return () => {
    unsubscribe(CHANNEL, stamp);
    delete holder.__murphPeerHeader;
  };
}

/** Who is calling, as a rate limit counts them: an IPv4 address or the /64 network of an IPv6 one. */
export function clientAddress(headers: Headers): string {
  const stamped = holder.__murphPeerHeader ? headers.get(holder.__murphPeerHeader) : null;
  return stamped ? addressGroup(stamped) : "unknown";
}

/** One household has a whole /64: counting single IPv6 addresses would count nothing. */
export function addressGroup(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped) return mapped;
  if (!address.includes(":")) return address;
  const [head = "", tail] = (address.split("%")[0] ?? "").split("::");
  const left = head ? head.split(":") : [];
  const right = tail ? tail.split(":") : [];
  const groups =
    tail === undefined ? left : [...left, ...Array(Math.max(0, 8 - left.length - right.length)).fill("0"), ...right];
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group || "0", 16).toString(16))
    .join(":")}::/64`;
}
