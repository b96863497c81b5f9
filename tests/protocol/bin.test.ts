import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { constants, tmpdir } from "node:os";
import path from "node:path";
import pg from "pg";
import Pusher from "pusher";
import { describe, expect, onTestFinished, test } from "vitest";
import { migrateDatabase, openDatabase } from "@/lib/boot/database";
import { parseEnv } from "@/lib/env";
import { APP } from "./harness";
import { RawClient } from "./raw-client";
import { until } from "./until";

interface Run {
  child: ChildProcess;
  output(): string;
  port(): number;
}

const root = path.resolve(import.meta.dirname, "../..");
const given = { PUSHER_APP_ID: APP.appId, PUSHER_KEY: APP.key, PUSHER_SECRET: APP.secret };

function run(env: Record<string, string>): Run {
  const ours = /^(PUSHER_|NEXT_|NEXTAUTH_|DATABASE_|MURPH_|PORT$|HOST$|WEBHOOK_URL$|AUTHORIZED_CONNECTIONS$)/;
  const bare = Object.entries(process.env).filter(([name]) => !ours.test(name));
  const child = spawn(
    process.execPath,
    ["--conditions=react-server", "--import", "tsx", path.join(root, "lib/boot/bin/channels.ts")],
    {
      cwd: root,
      env: { NODE_ENV: "test", ...Object.fromEntries(bare), MURPH_DATA_DIR: temporaryFolder(), ...env },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  onTestFinished(() => void child.kill("SIGKILL"));
  let output = "";
  const collect = (chunk: Buffer) => {
    output += chunk.toString();
  };
  child.stdout?.on("data", collect);
  child.stderr?.on("data", collect);
  return { child, output: () => output, port: () => Number(/on \S+:(\d+)/.exec(output)?.[1]) };
}

function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), "murph-channels-"));
  // PostgreSQL does not run as root: then another user has to get through.
  chmodSync(folder, 0o755);
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function started(env: Record<string, string>): Promise<Run> {
  const process = run({ PORT: "0", ...env });
  await until("the server to say where it is", () => process.output().includes("Channels server on"), 30_000);
  return process;
}

async function ended(process: Run): Promise<number | null> {
  await until("the process to end", () => process.child.exitCode !== null, 30_000);
  return process.child.exitCode;
}

describe("npm run channels", { timeout: 90_000 }, () => {
  test.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)(
    "serves the app it was given and ends cleanly on %s",
    async (signal) => {
      const server = await started(given);
      expect(server.output()).not.toContain(APP.secret);
      const client = new RawClient(`ws://127.0.0.1:${server.port()}/app/${APP.key}?protocol=7`);
      onTestFinished(() => client.drop());
      await client.next("pusher:connection_established");
      client.subscribe("room");
      await client.settle();
      const sdk = new Pusher({ ...APP, host: "127.0.0.1", port: String(server.port()) });
      await sdk.trigger("room", "greeting", {});
      await client.next("greeting");
      server.child.kill(signal);
      expect(await ended(server)).toBe(128 + constants.signals[signal]);
      expect(await client.closeCode()).toBe(4100);
    },
  );

  test("without credentials makes some and says what to give to the app", async () => {
    const server = await started({});
    await until("the last line", () => server.output().includes("PUSHER_TLS=false"));
    const read = (name: string) => new RegExp(`^${name}=(.+)$`, "m").exec(server.output())?.[1] ?? "";
    const sdk = new Pusher({
      appId: read("PUSHER_APP_ID"),
      key: read("PUSHER_KEY"),
      secret: read("PUSHER_SECRET"),
      host: read("PUSHER_HOST"),
      port: read("PUSHER_PORT"),
    });
    expect((await sdk.get({ path: "/channels" })).status).toBe(200);
  });

  test.each([
    [
      "half a group",
      { PUSHER_KEY: "key" },
      "Pusher is half configured: set PUSHER_APP_ID, PUSHER_KEY and PUSHER_SECRET",
    ],
    ["a port that is none", { PORT: "http" }, "PORT must be a port number"],
    [
      "S6 a switch that is none",
      { AUTHORIZED_CONNECTIONS: "maybe" },
      'AUTHORIZED_CONNECTIONS must be "true" or "false"',
    ],
    ["a webhook address that is none", { WEBHOOK_URL: "localhost" }, "WEBHOOK_URL must be an http(s) URL"],
  ])("%s ends with a clear message", async (_what, env, message) => {
    const process = run(env);
    expect(await ended(process)).toBe(1);
    expect(process.output()).toContain(message);
    expect(process.output()).not.toContain("    at ");
  });

  test("a taken port ends with a clear message", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void other.close());
    const process = run({ ...given, PORT: String((other.address() as AddressInfo).port) });
    expect(await ended(process)).toBe(1);
    expect(process.output()).toContain("the port is taken, set PORT");
  });

  test("joins the database of a running app: one server for all, its credentials from there", async () => {
    const MURPH_DATA_DIR = temporaryFolder();
    const { env } = parseEnv({ MURPH_DATA_DIR });
    const database = await openDatabase(env, { info: () => {}, problem: () => {} });
    onTestFinished(() => database.stop());
    await migrateDatabase(database);
    const first = await started({ MURPH_DATA_DIR });
    const second = run({ MURPH_DATA_DIR });
    await until("the second one to stand by", () => second.output().includes("takes over when it ends"), 30_000);

    const client = new pg.Client({ connectionString: database.ownerUrl });
    await client.connect();
    onTestFinished(() => client.end());
    const { rows } = await client.query("SELECT app_id, key, secret, port FROM channels_registration");
    expect(rows).toMatchObject([{ port: first.port() }]);
    const [{ app_id: appId, key, secret }] = rows;
    const sdk = new Pusher({ appId, key, secret, host: "127.0.0.1", port: String(first.port()) });
    expect((await sdk.get({ path: "/channels" })).status).toBe(200);

    first.child.kill("SIGTERM");
    await ended(first);
    await until("the second one to take over", () => second.output().includes("taken over on port"), 30_000);
    second.child.kill("SIGTERM");
    await ended(second);
  });
});
