import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import fs from "node:fs";
import { createServer } from "node:net";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { APP_ROLE, DATABASE, OWNER_ROLE } from "@/lib/embedded/postgres/initialise";

const READY_TIMEOUT_MS = 180_000;
const STOP_TIMEOUT_MS = 20_000;
/** Names the build folder it was last written for. */
const NEXT_TYPES = "next-env.d.ts";
const NEXT = path.resolve("node_modules/next/dist/bin/next");

/** What another process has to know of a running app. */
export interface AppAddress {
  baseUrl: string;
  port: number;
  /** Build folder; start-built-app can start it again in another condition. */
  distDir: string;
  dataDir: string;
  /** Everything the server process printed. */
  logFile: string;
  ownerUrl: string;
  appUrl: string;
  nextAuthSecret: string;
}

export interface BuiltApp extends AppAddress {
  stop(): Promise<void>;
}

/** A build folder of its own, beside the developer's build and dev server. */
function ownDistDir() {
  const id = randomBytes(6).toString("hex");
  const distDir = `.next-test-${id}`;
  // Next writes the build folder's types into the tsconfig it is given: a copy, so that ours stays as it is.
  const tsconfig = `tsconfig.test-${id}.json`;
  fs.copyFileSync("tsconfig.json", tsconfig);
  const typesBefore = fs.existsSync(NEXT_TYPES) ? fs.readFileSync(NEXT_TYPES) : null;
  return {
    distDir,
    environment: { MURPH_DIST_DIR: distDir, MURPH_TSCONFIG: tsconfig },
    restoreTypes() {
      fs.rmSync(tsconfig, { force: true });
      if (typesBefore) fs.writeFileSync(NEXT_TYPES, typesBefore);
      else fs.rmSync(NEXT_TYPES, { force: true });
      fs.rmSync(`${tsconfig.replace(/\.json$/, "")}.tsbuildinfo`, { force: true });
    },
    remove: () => fs.rmSync(distDir, { recursive: true, force: true, maxRetries: 5 }),
  };
}

/** Builds the product; `remove` takes the build away again. */
export async function buildApp(): Promise<{ distDir: string; remove(): void }> {
  const { distDir, environment, restoreTypes, remove } = ownDistDir();
  try {
    const child = spawn(process.execPath, [NEXT, "build"], {
      env: { ...cleanEnvironment(), ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const output: Buffer[] = [];
    child.stdout.on("data", (data: Buffer) => output.push(data));
    child.stderr.on("data", (data: Buffer) => output.push(data));
    const [code] = await once(child, "close");
    if (code !== 0) throw new Error(`next build failed:\n${Buffer.concat(output).toString()}`);
  } finally {
    restoreTypes();
  }
  return { distDir, remove };
}

/**
 * As a developer has it after a fresh clone: the dev server, its strict mode, its demo people, no configuration.
 * Resolves when the first pages are compiled: how long that takes says something of the machine only.
 */
export async function startDevApp(): Promise<BuiltApp> {
  const { distDir, environment, restoreTypes, remove } = ownDistDir();
  const removeAll = () => {
    restoreTypes();
    remove();
  };
  try {
    const app = await startNext("dev", distDir, environment);
    const stop = async () => {
      await app.stop();
      removeAll();
    };
    while (!fs.readFileSync(app.logFile, "utf8").includes("First pages compiled")) await sleep(200);
    return { ...app, stop };
  } catch (error) {
    removeAll();
    throw error;
  }
}

/** Starts a build on a free port with a new data folder and the demo people; resolves when it answers. */
export function startBuiltApp(distDir: string, environment: Record<string, string> = {}): Promise<BuiltApp> {
  return startNext("start", distDir, { MURPH_DIST_DIR: distDir, MURPH_DEMO: "true", ...environment });
}

async function startNext(
  command: "start" | "dev",
  distDir: string,
  environment: Record<string, string>,
): Promise<BuiltApp> {
  // Not mkdtemp: its 0700 would shut out the user that PostgreSQL runs as under root.
  const dataDir = path.join(os.tmpdir(), `murph-test-app-${randomBytes(8).toString("hex")}`);
  const logFile = `${dataDir}.log`;
  const port = await freePort();
  const baseUrl = `http://localhost:${port}`;
  const log = fs.openSync(logFile, "w");
  const child = spawn(process.execPath, [NEXT, command, "-p", String(port)], {
    env: {
      ...cleanEnvironment(),
      MURPH_DATA_DIR: dataDir,
      MURPH_LOG_LEVEL: "debug",
      ...environment,
    },
    stdio: ["ignore", log, log],
  });
  fs.closeSync(log);
  const removeFiles = () => {
    fs.rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 });
    fs.rmSync(logFile, { force: true });
  };

  try {
    await untilReady(child, baseUrl, logFile);
    return {
      ...databaseOf(dataDir, environment),
      baseUrl,
      port,
      distDir,
      dataDir,
      logFile,
      nextAuthSecret:
        environment.NEXTAUTH_SECRET ?? fs.readFileSync(path.join(dataDir, "nextauth-secret"), "utf8").trim(),
      async stop() {
        await end(child);
        removeFiles();
      },
    };
  } catch (error) {
    await end(child);
    removeFiles();
    throw error;
  }
}

/** Of the embedded server in the data folder, unless the environment names another. */
function databaseOf(dataDir: string, environment: Record<string, string>): { ownerUrl: string; appUrl: string } {
  const { DATABASE_URL: appUrl, DATABASE_OWNER_URL: ownerUrl = appUrl } = environment;
  if (appUrl && ownerUrl) return { appUrl, ownerUrl };
  const settings = JSON.parse(fs.readFileSync(path.join(dataDir, "postgres.json"), "utf8"));
  const url = (role: string, password: string) =>
    `postgres://${role}:${password}@127.0.0.1:${settings.port}/${DATABASE}`;
  return { ownerUrl: url(OWNER_ROLE, settings.ownerPassword), appUrl: url(APP_ROLE, settings.appPassword) };
}

async function untilReady(child: ChildProcess, baseUrl: string, logFile: string): Promise<void> {
  const deadline = Date.now() + READY_TIMEOUT_MS;
  while (Date.now() < deadline && child.exitCode === null && child.signalCode === null) {
    const ready = await fetch(`${baseUrl}/api/health`).then(
      (answer) => answer.ok,
      () => false,
    );
    if (ready) return;
    await sleep(100);
  }
  throw new Error(`The app did not start:\n${fs.readFileSync(logFile, "utf8")}`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  const killer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
  await exited;
  clearTimeout(killer);
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("No free port");
  return address.port;
}

/** The developer's own configuration and the test runner's must not reach the product. */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  const own =
    /^(NODE_ENV|NODE_OPTIONS|TEST|DEV|PROD|MODE|SSR|BASE_URL|PORT|CRON_SECRET|TRUSTED_PROXIES|SMTP_URL|MAIL_FROM)$/;
  const groups = /^(VITEST|DATABASE_|PUSHER_|NEXT_|NEXTAUTH_|AUTH_|MURPH_|VAPID_|S3_|__NEXT)/;
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !own.test(name) && !groups.test(name)),
  ) as NodeJS.ProcessEnv;
}
