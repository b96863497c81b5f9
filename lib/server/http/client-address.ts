import "server-only";
import { randomBytes } from "node:crypto";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { IncomingMessage, Server } from "node:http";
import proxyAddr from "proxy-addr";

interface Peers {
  header: string;
  trusts: (address: string) => boolean;
  stamp: (request: IncomingMessage) => void;
}

const holder = globalThis as { __murphPeers?: Peers };

const CHANNEL = "http.server.request.start";
const FORWARDED = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-port"];

/**
 * Writes the true client address into each request before anything else sees it, and takes away every forwarding
 * header that did not come through a trusted proxy: Next and next-auth believe those as they are. The header's name
 * is drawn anew for each process, so that no client can send it. Other servers of this process (the Channels server) judge
 * their requests themselves. Answers how to take the stamp off again.
 */
export function installPeerStamp(trustedProxies: readonly string[], isApp: (server: Server) => boolean): () => void {
  if (holder.__murphPeers) return () => undefined;
  const header = `x-murph-client-${randomBytes(12).toString("hex")}`;
  const compiled = trustedProxies.length > 0 ? proxyAddr.compile([...trustedProxies]) : () => false;
  const trusts = (address: string) => compiled(address, 0);
  const stamp = (request: IncomingMessage) => {
    const address = proxyAddr(request, compiled);
    if (!trusts(request.socket.remoteAddress ?? "")) {
      for (const name of FORWARDED) delete request.headers[name];
    }
    request.headers[header] = address;
  };
  holder.__murphPeers = { header, trusts, stamp };

  const onStart = (message: unknown) => {
    const { request, server } = message as { request: IncomingMessage; server: Server };
    if (isApp(server)) stamp(request);
  };
  subscribe(CHANNEL, onStart);
  return () => {
    unsubscribe(CHANNEL, onStart);
    delete holder.__murphPeers;
  };
}

/** The same for an upgrade, which is told on no such channel. */
export function stampPeer(request: IncomingMessage): void {
  holder.__murphPeers?.stamp(request);
}

export function isTrustedProxy(address: string): boolean {
  return holder.__murphPeers?.trusts(address) ?? false;
}

/** Who is calling, as a rate limit counts them: an IPv4 address or the /64 network of an IPv6 one. */
export function clientAddress(headers: Headers): string {
  const stamped = holder.__murphPeers ? headers.get(holder.__murphPeers.header) : null;
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
