import { randomBytes, randomInt } from "node:crypto";
import { joinChannels } from "@/lib/boot/channels/join";
import { migrateDatabase, openDatabase, withPrepareLock } from "@/lib/boot/database";
import { run } from "@/lib/boot/run";
import { sayOnConsole } from "@/lib/boot/say";
import { onShutdown } from "@/lib/boot/shutdown";
import { startChannelsServer } from "@/lib/embedded/channels/server";
import { isEmbeddedPostgresRunning } from "@/lib/embedded/postgres/start";
import { type Env, EnvError, parseEnv } from "@/lib/env";

interface Settings {
  port: number;
  host: string;
  webhookUrl: () => string | null;
  authorizedConnections: boolean;
  credentials: { appId: string; key: string; secret: string } | null;
}

/** `npm run channels`: the built-in Channels server by itself; see docs/channels-server.md. */
run(async () => {
  const settings = readSettings(process.env);
  const app = settings.credentials === null ? findApp() : null;
  await (app ? joinApp(app, settings) : serveAlone(settings));
  // A joined server that stands by does not hold the process; a signal ends it.
  await new Promise(() => setInterval(() => undefined, 60_000));
});

async function serveAlone({ credentials, ...settings }: Settings): Promise<void> {
  const { host, port } = settings;
  const { appId, key, secret } = credentials ?? {
    appId: String(randomInt(100_000, 1_000_000)),
    key: randomBytes(10).toString("hex"),
    secret: randomBytes(20).toString("hex"),
  };
  const options = { ...settings, appId, key, secret, onProblem: sayOnConsole.problem };
  const server = await startChannelsServer(options).catch((error: NodeJS.ErrnoException) => {
    const reason = error.code === "EADDRINUSE" ? "the port is taken, set PORT" : error.message;
    throw new Error(`Cannot listen on ${host}:${port}: ${reason}`);
  });
  onShutdown({ stop: server.close });
  console.log(`Channels server on ${host}:${server.port}`);
  if (credentials) return;
  console.log("Credentials of this run; give them to the app:");
  console.log(`PUSHER_APP_ID=${appId}\nPUSHER_KEY=${key}\nPUSHER_SECRET=${secret}`);
  console.log(`PUSHER_HOST=${host}\nPUSHER_PORT=${server.port}\nPUSHER_TLS=false`);
}

/** Takes part in the app's own arrangement: one server a database, whoever runs it. */
async function joinApp(env: Env, { webhookUrl }: Settings): Promise<void> {
  const database = await openDatabase(env, sayOnConsole);
  onShutdown(database);
  await withPrepareLock(database, () => migrateDatabase(database));
  const joined = await joinChannels({
    databaseUrl: database.directUrl,
    serve: true,
    webhookUrl,
    onMoved: () => undefined,
    say: sayOnConsole,
  });
  onShutdown(joined);
  const { host, port } = joined.registration;
  console.log(
    joined.serving()
      ? `Channels server on ${host}:${port}, for every app on ${database.place}`
      : `An app runs the Channels server on ${host}:${port}; this process takes over when it ends`,
  );
}

/** The app whose database this process can reach; null = there is none, so the server stands alone. */
function findApp(): Env | null {
  const { env } = parseEnv(process.env);
  const reachable = env.database.kind === "external" || isEmbeddedPostgresRunning(env.dataDir);
  return reachable ? env : null;
}

function readSettings(source: NodeJS.ProcessEnv): Settings {
  const problems: string[] = [];
  const read = (name: string) => source[name]?.trim() || undefined;
  const [appId, key, secret] = ["PUSHER_APP_ID", "PUSHER_KEY", "PUSHER_SECRET"].map(read);
  const complete = appId && key && secret ? { appId, key, secret } : null;
  if (!complete && (appId || key || secret)) {
    problems.push("Pusher is half configured: set PUSHER_APP_ID, PUSHER_KEY and PUSHER_SECRET, or none of them");
  }
  const port = read("PORT") ?? "6001";
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) problems.push("PORT must be a port number");
  const webhookUrl = read("WEBHOOK_URL") ?? null;
  if (webhookUrl !== null && !isHttpUrl(webhookUrl)) problems.push("WEBHOOK_URL must be an http(s) URL");
  const authorized = read("AUTHORIZED_CONNECTIONS") ?? "true";
  if (authorized !== "true" && authorized !== "false")
    problems.push('AUTHORIZED_CONNECTIONS must be "true" or "false"');
  if (problems.length > 0) throw new EnvError(problems);
  return {
    port: Number(port),
    host: read("HOST") ?? "127.0.0.1",
    webhookUrl: () => webhookUrl,
    authorizedConnections: authorized === "true",
    credentials: complete,
  };
}

function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}
