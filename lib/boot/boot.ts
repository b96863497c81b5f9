import type { Server } from "node:http";
import { type Env, parseEnv } from "@/lib/env";
import { setRuntime } from "@/lib/runtime";
import { seedDemo } from "@/lib/server/accounts/seed-demo";
import { db, disconnectDb } from "@/lib/server/db";
import { installPeerStamp } from "@/lib/server/http/client-address";
import { isAppServer, openFrontDoor } from "@/lib/server/http/front-door";
import { startMail } from "@/lib/server/mail/process-mail";
import { startHousekeeping } from "@/lib/server/relay/housekeeping";
import { startRelay } from "@/lib/server/relay/process-relay";
import { provideAuthSecret } from "./auth-secret";
import { type JoinedChannels, joinChannels } from "./channels/join";
import type { Registration } from "./channels/registration";
import { type Database, migrateDatabase, openDatabase, withPrepareLock } from "./database";
import { runtimeOf } from "./runtime-of";
import { type Say, sayOnConsole } from "./say";
import { endOnSignals, onShutdown, shutdown } from "./shutdown";

export interface BootOptions {
  /** A worker relays for apps that run elsewhere: it runs no Channels server, seeds nobody, says little. */
  worker?: boolean;
  say?: Say;
}

const holder = globalThis as { __murphBoot?: Promise<void> };

/**
 * Starts or joins every part this process needs, once, and lets everything else read `runtime()`. Rejects when any
 * of them cannot be had, after stopping those that could: there is no half-started Murph.
 */
export function boot(options: BootOptions = {}): Promise<void> {
  holder.__murphBoot ??= start(options).catch(async (error: unknown) => {
    delete holder.__murphBoot;
    await shutdown();
    throw error;
  });
  return holder.__murphBoot;
}

async function start({ worker = false, say = sayOnConsole }: BootOptions): Promise<void> {
  endOnSignals();
  const { env, warnings } = parseEnv(process.env);
  for (const warning of warnings) say.problem(warning);
  const isApp = (server: Server) => isAppServer(server, process.env.PORT);
  installPeerStamp(env.trustedProxies, isApp);

  const database = await openDatabase(env, say);
  onShutdown({
    stop: () => disconnectDb().finally(database.stop),
    stopSync: database.stopSync,
  });
  const nextAuthSecret = provideAuthSecret(env);
  // Whoever develops changes functions back and forth; everybody else leaves those of a newer release alone.
  const { functions } = await withPrepareLock(database, () =>
    migrateDatabase(database, process.env.NODE_ENV === "development"),
  );
  if (functions === "kept") say.info("The database has the functions of a newer release; they stay.");

  const publishRuntime = (registration: Registration | null) =>
    setRuntime(runtimeOf({ env, database, nextAuthSecret, channels: registration }));
  const channels =
    env.pusher.kind === "embedded"
      ? await joinChannels({
          databaseUrl: database.directUrl,
          serve: !worker,
          webhookUrl,
          onMoved: publishRuntime,
          say,
        })
      : null;
  if (channels) onShutdown(channels);
  publishRuntime(channels?.registration ?? null);

  if (!worker && env.demoPeople) await withPrepareLock(database, seedDemo);
  if (worker || env.relay === "inline") {
    onShutdown(startRelay());
    onShutdown(startHousekeeping());
    onShutdown(startMail());
  }
  if (!worker) openFrontDoor(isApp);
  if (!worker) say.info(await startReport(env, database, channels));
}

/** Next tells its port in PORT, in dev and start. */
function webhookUrl(): string | null {
  return process.env.PORT ? `http://127.0.0.1:${process.env.PORT}/api/pusher/webhook` : null;
}

async function startReport(env: Env, database: Database, channels: JoinedChannels | null): Promise<string> {
  const lines = [`Data      ${database.place}`];
  if (channels) {
    const { port } = channels.registration;
    lines.push(
      `Realtime  ${channels.serving() ? "built-in Channels server" : "Channels server of another instance"}, port ${port}`,
    );
  } else if (env.pusher.kind === "external") {
    lines.push(`Realtime  Pusher (${env.pusher.cluster ?? env.pusher.host})`);
  }
  lines.push(`Mail      ${mailReport(env)}`);
  if (env.demoPeople) {
    lines.push("Sign in   dr.weber@murph.example or anna@murph.example, password murph-demo (demo people)");
  } else if (!(await db().user.findFirst({ select: { id: true } }))) {
    lines.push("Nobody can sign in yet. Make the first practitioner with: npm run user:create");
  }
  return `\nMurph is running\n${lines.map((line) => `  ${line}`).join("\n")}\n`;
}

function mailReport({ mail, production }: Env): string {
  if (mail.kind === "smtp") return `SMTP at ${new URL(mail.url).host}, from ${mail.from.address}`;
  return production ? "simulated: nobody gets any until SMTP_URL and MAIL_FROM are set" : "simulated, shown on /dev";
}
