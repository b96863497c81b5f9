import { randomBytes } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { type Browser, type BrowserContext, chromium } from "playwright-core";
import { disconnectDb } from "@/lib/server/db";
import { lookInto, sealToken } from "@/tests/support/app-world";
import { type ChannelsProxy, startChannelsProxy } from "@/tests/support/faults/channels-proxy";
import { type HttpProxy, startHttpProxy } from "@/tests/support/faults/http-proxy";
import { type PostgresProxy, startPostgresProxy } from "@/tests/support/faults/postgres-proxy";
import { BROWSER_ARGUMENTS, ensureBrowser } from "@/tests/support/find-browser";
import { freePort } from "@/tests/support/start-built-app";
import { createConsultation, createPerson, type Person } from "@/tests/support/world";
import { Database } from "./committed";
import { within } from "./deadline";
import { INIT_SCRIPTS } from "./page-log";
import { type Part, startApp, startChannels, startPostgres } from "./parts";
import { startReaper } from "./reaper";
import { Screen } from "./screen";

const CLOSE_MS = 15_000;
const SECRET = "a secret of the chaos runs alone";

/** One app process with a door of its own to everything it and its browsers use. */
export interface Side {
  readonly name: string;
  readonly app: Part;
  readonly http: HttpProxy;
  readonly channels: ChannelsProxy;
  readonly postgres: PostgresProxy;
  /** The first window of this person; its tabs share a storage, and all but one are behind it. */
  readonly context: BrowserContext;
  /** Another one, with a storage of its own. */
  openWindow(): Promise<BrowserContext>;
  readonly person: Person;
}

export interface ChaosWorld {
  readonly sides: readonly Side[];
  readonly postgres: Part;
  readonly channels: Part;
  readonly screens: readonly Screen[];
  readonly rooms: readonly string[];
  readonly database: Database;
  /** Ids of the messages that an app answered for as saved. */
  readonly acknowledged: Set<string>;
  /** Ends of the logs of all processes. */
  logs(): string;
  close(): Promise<void>;
}

/**
 * Two app processes, PostgreSQL and the Channels server, each a process, proxies between all of them, and one Chromium:
 * "ann" in two tabs at the first app, "web" at the second.
 */
export async function startWorld(options: { distDir: string; seed: number; rooms: number }): Promise<ChaosWorld> {
  const { distDir, seed } = options;
  const folder = path.join(os.tmpdir(), `murph-chaos-${randomBytes(6).toString("hex")}`);
  const logFile = (name: string) => path.join(folder, `${name}.log`);
  const reaper = startReaper();
  const closers: (() => Promise<unknown>)[] = [() => reaper.close()];
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await within(closer(), "an end", CLOSE_MS).catch(() => undefined);
  };
  try {
    fs.mkdirSync(folder);
    reaper.folder(folder);
    const postgres = await startPostgres(reaper);
    closers.push(() => postgres.kill());
    const database = new Database(postgres.ownerUrl);
    closers.push(() => database.close());
    const channels = await startChannels(reaper, logFile("channels"));
    closers.push(() => channels.kill());

    lookInto({ ownerUrl: postgres.ownerUrl, nextAuthSecret: SECRET });
    const people = [await createPerson("PATIENT", "Ann"), await createPerson("PRACTITIONER", "Dr. Web")];
    const rooms: string[] = [];
    for (let room = 0; room < options.rooms; room++) rooms.push(await createConsultation(people));
    // Its pool would not live through what is to come.
    await disconnectDb();

    const browser: Browser = await chromium.launch({
      executablePath: ensureBrowser(),
      args: BROWSER_ARGUMENTS,
      handleSIGINT: false,
      handleSIGTERM: false,
      handleSIGHUP: false,
    });
    closers.push(() => browser.close());

    const acknowledged = new Set<string>();
    const startSide = async (name: string, person: Person, number: number): Promise<Side> => {
      const postgresProxy = await startPostgresProxy({ port: postgres.port });
      const channelsProxy = await startChannelsProxy({ port: channels.port, seed: seed * 10 + number });
      const port = await freePort();
      const http = await startHttpProxy({ port, seed: seed * 10 + number + 5 });
      closers.push(postgresProxy.close, channelsProxy.close, http.close);
      const app = await startApp(reaper, {
        port,
        distDir,
        logFile: logFile(`app-${name}`),
        env: {
          ...channels.environment,
          PUSHER_HOST: "127.0.0.1",
          PUSHER_PORT: `${channelsProxy.port}`,
          PUSHER_TLS: "false",
          DATABASE_URL: postgresProxy.through(postgres.appUrl),
          DATABASE_OWNER_URL: postgresProxy.through(postgres.ownerUrl),
          NEXTAUTH_SECRET: SECRET,
          MURPH_DATA_DIR: path.join(folder, name),
          MURPH_DEMO: "false",
          MURPH_RATE_SENDS: "1000000",
          MURPH_RATE_AUTH: "1000000",
          MURPH_LOG_LEVEL: "warn",
        },
      });
      closers.push(() => app.kill());
      http.onAnswer(({ method, path: route }, _body, { status, body }) => {
        if (method !== "POST" || route !== "/api/nachrichten" || (status !== 200 && status !== 201)) return;
        const { event } = JSON.parse(body.toString("utf8")) as { event: { data: { message: { id: string } } } };
        acknowledged.add(event.data.message.id);
      });
      const { sessionId, userId } = person;
      const value = await sealToken({ nextAuthSecret: SECRET }, { sessionId, userId }, 86_400);
      const openWindow = async () => {
        const context = await browser.newContext({ locale: "en-GB", viewport: { width: 1_100, height: 900 } });
        for (const content of INIT_SCRIPTS) await context.addInitScript({ content });
        await context.addCookies([{ name: "next-auth.session-token", value, url: http.baseUrl, httpOnly: true }]);
        return context;
      };
      const context = await openWindow();
      return { name, app, http, channels: channelsProxy, postgres: postgresProxy, context, openWindow, person };
    };
    const [ann, web] = people;
    if (!ann || !web) throw new Error("Nobody is there");
    const sides = [await startSide("A", ann, 0), await startSide("B", web, 1)];
    const [a, b] = sides;
    if (!a || !b) throw new Error("No app is there");
    const screens = [
      new Screen("ann's first tab", "ann", 0, a.context),
      new Screen("ann's second tab", "ann", 0, a.context),
      new Screen("web's tab", "web", 1, b.context),
    ];
    return {
      sides,
      postgres,
      channels,
      screens,
      rooms,
      database,
      acknowledged,
      close,
      logs: () =>
        fs
          .readdirSync(folder)
          .filter((name) => name.endsWith(".log"))
          .map((name) => `── ${name}\n${fs.readFileSync(path.join(folder, name), "utf8").slice(-3_000)}`)
          .join("\n"),
    };
  } catch (error) {
    await close();
    throw error;
  }
}
