import { type ChildProcess, spawn } from "node:child_process";
import { type AddressInfo, createServer } from "node:net";
import path from "node:path";
import Pusher from "pusher";
import { describe, expect, onTestFinished, test } from "vitest";
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
  const bare = Object.entries(process.env).filter(([name]) => !/^(PUSHER_|PORT$|HOST$|WEBHOOK_URL$)/.test(name));
  const child = spawn(process.execPath, ["--import", "tsx", path.join(root, "lib/boot/bin/channels.ts")], {
    cwd: root,
    env: { ...Object.fromEntries(bare), ...env } as NodeJS.ProcessEnv,
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let output = "";
  const collect = (chunk: Buffer) => {
    output += chunk.toString();
  };
  child.stdout?.on("data", collect);
  child.stderr?.on("data", collect);
  return { child, output: () => output, port: () => Number(/on \S+:(\d+)/.exec(output)?.[1]) };
}

async function started(env: Record<string, string>): Promise<Run> {
  const process = run({ PORT: "0", ...env });
  await until("the server to say where it is", () => process.output().includes("Channels server on"), 15_000);
  return process;
}

async function ended(process: Run): Promise<number | null> {
  await until("the process to end", () => process.child.exitCode !== null, 15_000);
  return process.child.exitCode;
}

describe("npm run channels", () => {
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
      expect(await ended(server)).toBe(0);
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
    ["half a group", { PUSHER_KEY: "key" }, "missing: PUSHER_APP_ID, PUSHER_SECRET"],
    ["a port that is none", { PORT: "http" }, "PORT must be a port number"],
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
    expect(process.output()).toContain("the port is taken: set PORT");
  });
});
