import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { FIRST_ROUTES, warmRoutes } from "@/lib/boot/warm-routes";

const APP = path.resolve("app");

/** The file that answers this path, found as Next finds it; an exact folder before one with a parameter. */
function fileOf(route: string): string | null {
  let folders = [APP, ...["(app)", "(auth)"].map((group) => path.join(APP, group))];
  for (const part of route.split("/").slice(1)) {
    const within = (name: (entry: string) => boolean) =>
      folders.flatMap((folder) =>
        readdirSync(folder)
          .filter(name)
          .map((entry) => path.join(folder, entry)),
      );
    const exact = within((entry) => entry === part);
    folders = exact.length > 0 ? exact : within((entry) => /^\[[^[]/.test(entry) || entry.startsWith("[...next"));
  }
  const files = folders.flatMap((folder) => ["page.tsx", "route.ts"].map((name) => path.join(folder, name)));
  return files.find((file) => existsSync(file)) ?? null;
}

test("T1 each route that the dev server compiles at its start is one of the app", () => {
  expect(FIRST_ROUTES.filter((route) => fileOf(route) === null)).toEqual([]);
  expect(fileOf("/api/consultations/1/nowhere")).toBe(null);
});

test("T1 they are asked for one after the other, by a stranger who changes nothing, and a failure ends nothing", async () => {
  const asked: IncomingMessage[] = [];
  let open = 0;
  let mostOpen = 0;
  const server = createServer((request, response) => {
    asked.push(request);
    mostOpen = Math.max(mostOpen, ++open);
    setTimeout(() => {
      open -= 1;
      if (asked.length === 2) request.socket.destroy();
      else response.writeHead(asked.length === 1 ? 307 : 401, { location: "/elsewhere" }).end("<html>");
    }, 2);
  });
  await once(server.listen(0, "localhost"), "listening");
  onTestFinished(() => void server.close());
  const said: string[] = [];
  const say = { info: (text: string) => void said.push(text), problem: (text: string) => void said.push(text) };
  await warmRoutes(`http://localhost:${(server.address() as AddressInfo).port}`, say);
  expect(asked.map(({ url }) => url)).toEqual(FIRST_ROUTES);
  expect(new Set(asked.map(({ method }) => method))).toEqual(new Set(["GET"]));
  expect(asked.flatMap(({ headers }) => headers.cookie ?? headers.authorization ?? [])).toEqual([]);
  expect(mostOpen).toBe(1);
  expect(said).toEqual([expect.stringMatching(/^First pages compiled in \d+ s$/)]);
});
