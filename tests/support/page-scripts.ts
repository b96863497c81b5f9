import { gzipSync } from "node:zlib";
import type { HttpClient } from "@/tests/support/http-client";

/** The scripts that a document names: what a browser has to load before the page is live. */
async function scriptsOf(client: HttpClient, path: string): Promise<string[]> {
  const { text } = await client.get(path);
  const tags = text.match(/<script\b[^>]*\bsrc="[^"]*"[^>]*>/g) ?? [];
  // Chromium, Firefox and Safari skip what is for browsers without modules.
  const modern = tags.filter((tag) => !/\bnomodule\b/i.test(tag));
  return [...new Set(modern.flatMap((tag) => /\bsrc="([^"]*)"/.exec(tag)?.[1] ?? []))];
}

/** Their size as it travels, gzip. */
export async function scriptBytes(client: HttpClient, path: string): Promise<number> {
  const scripts = await scriptsOf(client, path);
  const bodies = await Promise.all(scripts.map(async (script) => (await client.get(script)).text));
  return bodies.reduce((sum, body) => sum + gzipSync(body).length, 0);
}
