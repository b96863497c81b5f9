import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import path from "node:path";
import { freePort } from "@/tests/support/start-built-app";

/** The Channels server in a process of its own, so that it is the same part for everybody who publishes. */
export async function startChannels() {
  const port = await freePort();
  const environment = {
    PUSHER_APP_ID: "bench",
    PUSHER_KEY: randomBytes(10).toString("hex"),
    PUSHER_SECRET: randomBytes(16).toString("hex"),
    PUSHER_HOST: "127.0.0.1",
    PUSHER_PORT: `${port}`,
    PUSHER_TLS: "false",
  };
  const { PUSHER_APP_ID, PUSHER_KEY, PUSHER_SECRET } = environment;
  const child = spawn(
    process.execPath,
    [path.resolve("node_modules/tsx/dist/cli.mjs"), "--conditions=react-server", "lib/boot/bin/channels.ts"],
    { env: { ...process.env, PORT: `${port}`, PUSHER_APP_ID, PUSHER_KEY, PUSHER_SECRET }, stdio: "ignore" },
  );
  while (!(await fetch(`http://127.0.0.1:${port}/`).catch(() => null))) {
    if (child.exitCode !== null) throw new Error("The Channels server did not start");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return {
    environment,
    port,
    async stop() {
      const exited = once(child, "exit");
      child.kill("SIGTERM");
      await exited;
    },
  };
}
