import fs from "node:fs";
import { describe, expect, test } from "vitest";
import { applyMigrations } from "@/lib/boot/migrate";
import { startEmbeddedPostgres } from "@/lib/embedded/postgres/start";
import { query, startAppProcess, startEntry, temporaryDataDir, until } from "@/tests/support/processes";

describe("configuration that cannot work ends the process and names the variables", () => {
  test.each([
    ["half a Pusher group", { PUSHER_KEY: "key" }, ["PUSHER_APP_ID", "PUSHER_SECRET", "PUSHER_CLUSTER or PUSHER_HOST"]],
    [
      "cluster together with host",
      { PUSHER_APP_ID: "1", PUSHER_KEY: "k", PUSHER_SECRET: "s", PUSHER_CLUSTER: "eu", PUSHER_HOST: "h" },
      ["PUSHER_CLUSTER", "PUSHER_HOST", "NEXTAUTH_SECRET"],
    ],
    ["an owner without a database", { DATABASE_OWNER_URL: "postgres://o@h/d" }, ["DATABASE_OWNER_URL"]],
    ["a database without a secret", { DATABASE_URL: "postgres://a@h/d" }, ["NEXTAUTH_SECRET", "DATABASE_URL"]],
  ])("B7 %s", async (_name, env, names) => {
    const dataDir = temporaryDataDir();
    const app = startAppProcess(dataDir, env);
    expect(await app.exited()).toEqual({ code: 1, signal: null });
    expect(app.output()).toContain("Configuration error:");
    for (const name of names) expect(app.output()).toContain(name);
    expect(app.output()).not.toContain("RUNTIME");
    expect(fs.existsSync(dataDir)).toBe(false);
  });

  test("B7 a left-over VITE_PUSHER_ variable is a warning", async () => {
    const app = startAppProcess(temporaryDataDir(), { VITE_PUSHER_APP_KEY: "old" });
    await app.ready();
    expect(app.output()).toMatch(/VITE_PUSHER_APP_KEY.*PUSHER_APP_KEY/);
  });

  test("a database that cannot be reached ends the process with the reason", async () => {
    const app = startAppProcess(temporaryDataDir(), {
      DATABASE_URL: "postgres://nobody@127.0.0.1:1/none",
      NEXTAUTH_SECRET: "sixteen-or-more-characters",
    });
    expect(await app.exited()).toEqual({ code: 1, signal: null });
    expect(app.output()).toMatch(/Murph could not start[\s\S]*ECONNREFUSED/);
  });
});

describe("the first people", () => {
  test("ATK95 production has no demo people and says how to make somebody; npm run user:create does", async () => {
    const dataDir = temporaryDataDir();
    const app = startAppProcess(dataDir, { NODE_ENV: "production" });
    const { databaseUrl } = await app.ready();
    expect(app.output()).toContain("npm run user:create");
    expect(app.output()).not.toContain("murph-demo");
    expect(await query(databaseUrl, "SELECT count(*)::int AS count FROM users")).toEqual([{ count: 0 }]);

    const args = ["--email", "Dr.New@Practice.example", "--name", "Dr. New"];
    const made = startEntry("lib/boot/bin/user-create.ts", {
      env: { MURPH_DATA_DIR: dataDir },
      args,
      input: "a good password\n",
    });
    expect(await made.exited(), made.output()).toEqual({ code: 0, signal: null });
    expect(await query(databaseUrl, "SELECT email, name, role FROM users")).toEqual([
      { email: "dr.new@practice.example", name: "Dr. New", role: "PRACTITIONER" },
    ]);

    const again = startEntry("lib/boot/bin/user-create.ts", {
      env: { MURPH_DATA_DIR: dataDir },
      args: [...args, "--password", "another password"],
    });
    expect(await again.exited()).toEqual({ code: 1, signal: null });
    expect(again.output()).toContain("has an account already");
    // The command shared the app's database and left it running.
    expect(await query(databaseUrl, "SELECT count(*)::int AS count FROM users")).toEqual([{ count: 1 }]);
  });

  test("user:create works without a running app and refuses what cannot sign in", async () => {
    const dataDir = temporaryDataDir();
    const refused = startEntry("lib/boot/bin/user-create.ts", {
      env: { MURPH_DATA_DIR: dataDir },
      args: ["--email", "nobody", "--name", " ", "--role", "boss", "--password", "short"],
    });
    expect(await refused.exited()).toEqual({ code: 1, signal: null });
    for (const word of ["e-mail", "name", "role", "password"]) expect(refused.output()).toContain(word);
    expect(refused.output()).not.toMatch(/^\s+at /m);

    const made = startEntry("lib/boot/bin/user-create.ts", {
      env: { MURPH_DATA_DIR: dataDir },
      args: ["--email", "p@x.example", "--name", "P", "--role", "patient", "--password", "long enough"],
    });
    expect(await made.exited(), made.output()).toEqual({ code: 0, signal: null });
    const app = startAppProcess(dataDir, { MURPH_DEMO: "false" });
    const { databaseUrl } = await app.ready();
    expect(await query(databaseUrl, "SELECT email, role FROM users")).toEqual([
      { email: "p@x.example", role: "PATIENT" },
    ]);
    expect(app.output()).not.toContain("user:create");
  });

  test("MURPH_DEMO=true has them in production too", async () => {
    const app = startAppProcess(temporaryDataDir(), { NODE_ENV: "production", MURPH_DEMO: "true" });
    const { databaseUrl } = await app.ready();
    expect(await query(databaseUrl, "SELECT count(*)::int AS count FROM users")).toEqual([{ count: 4 }]);
  });
});

describe("real parts instead of embedded ones", () => {
  test("DATABASE_URL with an owner of its own: migrated by the owner, used by the lesser role, nothing embedded", async () => {
    const server = await startEmbeddedPostgres({ dataDir: temporaryDataDir(), scratch: true });
    try {
      const unused = temporaryDataDir();
      const env = {
        DATABASE_URL: server.appUrl,
        DATABASE_OWNER_URL: server.ownerUrl,
        NEXTAUTH_SECRET: "sixteen-or-more-characters",
      };
      const app = startAppProcess(unused, env);
      const { databaseUrl, nextAuthSecret } = await app.ready();
      expect({ databaseUrl, nextAuthSecret }).toEqual({
        databaseUrl: server.appUrl,
        nextAuthSecret: env.NEXTAUTH_SECRET,
      });
      await expect(query(databaseUrl, "DELETE FROM events")).rejects.toMatchObject({ code: "42501" });
      expect(fs.existsSync(unused)).toBe(false);
      app.kill("SIGTERM");
      await app.exited();
      expect(await query(server.ownerUrl, "SELECT count(*)::int AS count FROM users")).toEqual([{ count: 4 }]);
    } finally {
      await server.stop();
    }
  });

  test("the Channels server of a database is never doubled by an instance that cannot reach it", async () => {
    const server = await startEmbeddedPostgres({ dataDir: temporaryDataDir(), scratch: true });
    try {
      await applyMigrations(server.ownerUrl);
      const env = { DATABASE_URL: server.ownerUrl, NEXTAUTH_SECRET: "sixteen-or-more-characters" };
      const first = startAppProcess(temporaryDataDir(), env);
      await first.ready();
      // As seen from another machine, where that loopback port is somebody else's.
      await query(server.ownerUrl, "UPDATE channels_registration SET port = 1");
      first.kill("SIGSTOP");
      const second = startAppProcess(temporaryDataDir(), env);
      expect(await second.exited()).toEqual({ code: 1, signal: null });
      expect(second.output()).toMatch(/probably on another machine[\s\S]*PUSHER_\*/);
    } finally {
      await server.stop();
    }
  });
});

describe("commands beside the app", () => {
  test("the worker says when there is nothing to work for, and makes nothing", async () => {
    const dataDir = temporaryDataDir();
    const worker = startEntry("lib/boot/bin/worker.ts", { env: { MURPH_DATA_DIR: dataDir } });
    expect(await worker.exited()).toEqual({ code: 1, signal: null });
    expect(worker.output()).toContain("nothing to work for");
    expect(fs.existsSync(dataDir)).toBe(false);
  });

  test("the worker publishes for an app that runs without a relay", async () => {
    const dataDir = temporaryDataDir();
    const app = startAppProcess(dataDir, { MURPH_RELAY: "off" });
    const { databaseUrl } = await app.ready();
    const behind = () => query(databaseUrl, "SELECT FROM publication_cursors WHERE sink = 'pusher' AND dirty");
    expect((await behind()).length).toBeGreaterThan(0);
    const worker = startEntry("lib/boot/bin/worker.ts", { env: { MURPH_DATA_DIR: dataDir } });
    await until(async () => (await behind()).length === 0, "everything to be published");
    worker.kill("SIGTERM");
    expect(await worker.exited()).toEqual({ code: 143, signal: null });
    expect(await query(databaseUrl, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
  });

  test("db:restored begins a new epoch", async () => {
    const dataDir = temporaryDataDir();
    const app = startAppProcess(dataDir);
    const { databaseUrl } = await app.ready();
    const command = startEntry("lib/boot/bin/db-restored.ts", { env: { MURPH_DATA_DIR: dataDir } });
    expect(await command.exited()).toEqual({ code: 0, signal: null });
    expect(await query(databaseUrl, "SELECT restores FROM log_identity")).toEqual([{ restores: 1 }]);
  });
});
