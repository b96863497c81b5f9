import { clientOf } from "@/tests/support/app-world";
import { HttpClient } from "@/tests/support/http-client";
import { scriptBytes } from "@/tests/support/page-scripts";
import type { AppAddress } from "@/tests/support/start-built-app";
import { createWorld } from "@/tests/support/world";

/** What a page makes a browser load before it is live. */
export async function measureScripts(app: AppAddress): Promise<string[][]> {
  const { practitioner, consultationId } = await createWorld();
  const client = await clientOf(app, practitioner);
  const visitor = new HttpClient(app.baseUrl);
  const size = async (reader: HttpClient, path: string) => `${((await scriptBytes(reader, path)) / 1_000).toFixed(1)}`;
  return [
    ["scripts of the first load, gzip", "kB"],
    ["  a conversation", await size(client, `/consultations/${consultationId}`)],
    ["  the list", await size(client, "/consultations")],
    ["  settings", await size(client, "/settings")],
    ["  sign-in", await size(visitor, "/sign-in")],
    ["  forgotten password", await size(visitor, "/forgot-password")],
  ];
}
