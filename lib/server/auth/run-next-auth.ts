import "server-only";
import type { NextApiRequest, NextApiResponse } from "next";
import NextAuth, { type AuthOptions } from "next-auth";

export interface AuthRequest {
  action: string[];
  method: "GET" | "POST";
  origin: string;
  query: Record<string, string>;
  cookies: Record<string, string>;
  body: Record<string, string>;
}

/**
 * Runs next-auth on exactly these inputs. Its own App Router adapter reads cookies, Host and forwarding headers again
 * by itself; its older one takes a request and a response, and so can be given what the wrapper has already judged.
 */
export async function runNextAuth(call: AuthRequest, options: AuthOptions): Promise<Response> {
  const { host, protocol } = new URL(call.origin);
  const request = {
    method: call.method,
    query: { ...call.query, nextauth: call.action },
    cookies: call.cookies,
    body: call.body,
    headers: { host, "x-forwarded-host": host, "x-forwarded-proto": protocol.slice(0, -1) },
  };

  const headers = new Headers();
  let status = 200;
  let body: string | null = null;
  const response = {
    status(code: number) {
      status = code;
      return response;
    },
    getHeader: (name: string) => (name === "Set-Cookie" ? headers.getSetCookie() : (headers.get(name) ?? undefined)),
    setHeader(name: string, value: string | string[]) {
      headers.delete(name);
      for (const item of [value].flat())
        headers.append(name, name === "Location" ? asAddress(item, call.origin) : item);
      return response;
    },
    json(value: unknown) {
      headers.set("Content-Type", "application/json");
      body = JSON.stringify(value);
    },
    send(value: unknown) {
      if (typeof value === "string") body = value;
      else response.json(value);
    },
    end() {},
  };
  await NextAuth(request as unknown as NextApiRequest, response as unknown as NextApiResponse, options);
  return new Response(body, { status, headers });
}

/** next-auth puts words of the request into addresses as they are: a header holds only what a URL is written in. */
function asAddress(location: string, origin: string): string {
  const { href, pathname, search, hash } = new URL(location, origin);
  return location.startsWith("/") ? `${pathname}${search}${hash}` : href;
}
