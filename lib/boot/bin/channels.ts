import { randomBytes, randomInt } from "node:crypto";
import { type ChannelsServerOptions, startChannelsServer } from "@/lib/embedded/channels/server";

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Runs the built-in Channels server by itself; see docs/channels-server.md. */
async function main(): Promise<void> {
  const problems: string[] = [];
  const settings = readSettings(process.env, problems);
  if (problems.length > 0) {
    fail(`Configuration error:\n${problems.map((each) => `  - ${each}`).join("\n")}`);
    return;
  }

  const { host = "", appId, key, secret } = settings;
  const server = await startChannelsServer(settings).catch((error: NodeJS.ErrnoException) => {
    const reason = error.code === "EADDRINUSE" ? "the port is taken: set PORT" : error.message;
    return fail(`Cannot listen on ${host}:${settings.port}: ${reason}`);
  });
  if (!server) return;

  let stopping = false;
  for (const signal of signals) {
    process.on(signal, () => {
      if (stopping) return;
      stopping = true;
      void server.close().then(() => process.exit(0));
    });
  }
  console.log(`Channels server on ${host}:${server.port}`);
  if (process.env.PUSHER_APP_ID) return;
  console.log("Credentials of this run; give them to the app:");
  console.log(`PUSHER_APP_ID=${appId}\nPUSHER_KEY=${key}\nPUSHER_SECRET=${secret}`);
  console.log(`PUSHER_HOST=${host}\nPUSHER_PORT=${server.port}\nPUSHER_TLS=false`);
}

function readSettings(source: NodeJS.ProcessEnv, problems: string[]): ChannelsServerOptions {
  const read = (name: string) => source[name]?.trim() || undefined;
  const names = ["PUSHER_APP_ID", "PUSHER_KEY", "PUSHER_SECRET"] as const;
  const missing = names.filter((name) => !read(name));
  if (missing.length > 0 && missing.length < names.length) {
    problems.push(`Pusher is half configured, missing: ${missing.join(", ")}`);
  }
  const port = read("PORT") ?? "6001";
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) problems.push("PORT must be a port number");
  const webhookUrl = read("WEBHOOK_URL") ?? null;
  if (webhookUrl !== null && !isHttpUrl(webhookUrl)) problems.push("WEBHOOK_URL must be an http(s) URL");
  return {
    appId: read("PUSHER_APP_ID") ?? String(randomInt(100_000, 1_000_000)),
    key: read("PUSHER_KEY") ?? randomBytes(10).toString("hex"),
    secret: read("PUSHER_SECRET") ?? randomBytes(20).toString("hex"),
    host: read("HOST") ?? "127.0.0.1",
    port: Number(port),
    webhookUrl: () => webhookUrl,
    onProblem: (problem) => console.error(problem),
  };
}

function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

function fail(message: string): null {
  console.error(message);
  process.exitCode = 1;
  return null;
}

void main();
