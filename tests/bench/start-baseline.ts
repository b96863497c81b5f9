import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import pg from "pg";

const FOLDER = path.resolve("tests/bench/baseline");

/** Builds and starts the smallest chat on the same PostgreSQL and the same Channels server as the product. */
export async function startBaseline(options: {
  ownerUrl: string;
  port: number;
  /** The PUSHER_* group. */
  channels: Record<string, string>;
}): Promise<{ baseUrl: string; stop(): Promise<void> }> {
  const { channels, port } = options;
  run("prisma/build/index.js", ["generate", "--schema", path.join(FOLDER, "schema.prisma")]);
  run("next/dist/bin/next", ["build", FOLDER]);
  await createTable(options.ownerUrl);

  const child = spawn(
    process.execPath,
    [path.resolve("node_modules/next/dist/bin/next"), "start", FOLDER, "-p", `${port}`],
    {
      env: {
        ...process.env,
        DATABASE_URL: options.ownerUrl,
        ...channels,
      },
      stdio: "ignore",
    },
  );
  const baseUrl = `http://localhost:${port}`;
  while (!(await fetch(baseUrl).catch(() => null))) {
    if (child.exitCode !== null) throw new Error("The baseline did not start");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return {
    baseUrl,
    async stop() {
      const exited = once(child, "exit");
      child.kill("SIGTERM");
      await exited;
    },
  };
}

/** A schema of its own in the product's database. */
async function createTable(ownerUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: ownerUrl });
  await client.connect();
  await client.query(`CREATE SCHEMA bench_baseline; CREATE TABLE bench_baseline."Message" (
    "id" uuid PRIMARY KEY, "roomId" text NOT NULL, "senderId" text NOT NULL, "content" text NOT NULL,
    "createdAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP)`);
  await client.end();
}

function run(script: string, args: string[]): void {
  const { status, stdout, stderr } = spawnSync(process.execPath, [path.resolve("node_modules", script), ...args], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`${script} failed:\n${stdout}${stderr}`);
}
