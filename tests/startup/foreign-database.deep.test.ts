import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { startEmbeddedPostgres } from "@/lib/embedded/postgres/start";
import { sendMessage } from "@/lib/server/commands/send-message";
import { disconnectDb } from "@/lib/server/db";
import { readSnapshot } from "@/lib/server/queries/read-snapshot";
import { startDebianPostgres } from "@/tests/support/debian-postgres";
import { setIdleRuntime } from "@/tests/support/idle-runtime";
import { withDatabase } from "@/tests/support/pg-cluster";
import { query, startAppProcess, temporaryDataDir } from "@/tests/support/processes";
import { createWorld, messageOf } from "@/tests/support/world";

const SECRET = "sixteen-or-more-characters";

interface Server {
  superuserUrl: string;
  stop(): Promise<void>;
}

async function startOurPostgres(): Promise<Server> {
  const dataDir = temporaryDataDir();
  const { ownerUrl, stop } = await startEmbeddedPostgres({ dataDir, scratch: true });
  const settings = JSON.parse(readFileSync(path.join(dataDir, "postgres.json"), "utf8")) as Record<string, string>;
  const url = new URL(ownerUrl);
  url.username = "postgres";
  url.password = settings.superuserPassword ?? "";
  url.pathname = "/postgres";
  url.search = "?sslmode=disable";
  return { superuserUrl: url.href, stop };
}

/** A database of a practice, which has had other uses before: extensions, tables and functions, some named as ours. */
async function practice({ superuserUrl }: Server): Promise<{ admin: string; owner: string; app: string }> {
  for (const statement of [
    "CREATE ROLE practice_owner LOGIN PASSWORD 'owner'",
    "CREATE ROLE practice_app LOGIN PASSWORD 'app'",
    "CREATE DATABASE practice OWNER practice_owner",
  ]) {
    await query(superuserUrl, statement);
  }
  const admin = withDatabase(superuserUrl, "practice");
  for (const statement of [
    "CREATE EXTENSION pg_stat_statements",
    "CREATE EXTENSION pg_trgm",
    "CREATE EXTENSION citext",
    "CREATE TABLE public.invoices (id int)",
    "CREATE TYPE public.\"Role\" AS ENUM ('CLERK')",
    'CREATE TABLE public.users (id int, role public."Role")',
    "INSERT INTO public.users VALUES (1, 'CLERK')",
    "ALTER TABLE public.users OWNER TO practice_owner",
    "CREATE FUNCTION public.line_ends(text) RETURNS text LANGUAGE sql AS 'SELECT ''foreign'''",
  ]) {
    await query(admin, statement);
  }
  const as = (role: string, password: string) => {
    const url = new URL(admin);
    url.username = role;
    url.password = password;
    return url.href;
  };
  return { admin, owner: as("practice_owner", "owner"), app: as("practice_app", "app") };
}

describe.each([
  ["the PostgreSQL we bring", startOurPostgres],
  ["Debian's PostgreSQL", startDebianPostgres],
])("O1 a database of %s that is not only ours", (_name, start) => {
  test("O1 starts beside extensions and others' tables, grants nothing of theirs, and people talk", async () => {
    const server = await start();
    onTestFinished(() => server.stop());
    const { admin, owner, app } = await practice(server);
    const rights = () =>
      query(
        admin,
        `SELECT c.oid::regclass::text AS name FROM pg_class c
          WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
            AND has_table_privilege('practice_app', c.oid, 'SELECT,INSERT,UPDATE,DELETE')`,
      );
    const env = { DATABASE_URL: app, DATABASE_OWNER_URL: owner, NEXTAUTH_SECRET: SECRET };
    for (const time of ["first", "second"]) {
      const process = startAppProcess(temporaryDataDir(), env);
      const { databaseUrl } = await process.ready();
      expect(await query(databaseUrl, "SELECT count(*)::int AS count FROM users"), time).toEqual([{ count: 4 }]);
      expect(await rights(), time).toEqual([]);
      process.kill("SIGTERM");
      await process.exited();
    }
    const granted = `SELECT p.oid::regprocedure::text FROM pg_proc p, aclexplode(p.proacl) a
      WHERE p.pronamespace = 'public'::regnamespace AND a.grantee = 'practice_app'::regrole`;
    expect(await query(admin, granted)).toEqual([]);
    expect(await query(admin, "SELECT * FROM public.users")).toEqual([{ id: 1, role: "CLERK" }]);
    expect(
      await query(
        admin,
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY 1",
      ),
    ).toEqual([{ relname: "invoices" }, { relname: "users" }]);

    const running = startAppProcess(temporaryDataDir(), env);
    const { databaseUrl } = await running.ready();
    setIdleRuntime({ databaseUrl, nextAuthSecret: SECRET });
    const { patient, practitioner, consultationId } = await createWorld();
    await sendMessage(patient, messageOf(consultationId, "one\r\ntwo"));
    const { messages } = await readSnapshot(practitioner, consultationId);
    expect(messages.at(-1)).toMatchObject({ content: "one\ntwo" });
    await disconnectDb();
    running.kill("SIGTERM");
    await running.exited();
  });

  test("O1 another name for the schema, and a pooler that passes no startup parameters", async () => {
    const server = await start();
    onTestFinished(() => server.stop());
    const { admin, owner, app } = await practice(server);
    const env = { DATABASE_OWNER_URL: owner, NEXTAUTH_SECRET: SECRET, DATABASE_SCHEMA: "chat_of_ours" };
    // Two names of one server: behind a pooler the addresses differ.
    const direct = app.replace("127.0.0.1", "localhost");
    const pooled = { ...env, DATABASE_URL: app, DATABASE_DIRECT_URL: direct };
    const refused = startAppProcess(temporaryDataDir(), pooled);
    expect(await refused.exited()).toEqual({ code: 1, signal: null });
    const statement = /ALTER ROLE "practice_app" IN DATABASE "practice" SET search_path = "chat_of_ours"/;
    expect(refused.output()).toMatch(statement);
    await query(admin, statement.exec(refused.output())?.[0] ?? "");
    const accepted = startAppProcess(temporaryDataDir(), pooled);
    const { databaseUrl } = await accepted.ready();
    expect(databaseUrl).toBe(app);
    expect(await query(app, "SELECT count(*)::int AS count FROM chat_of_ours.users")).toEqual([{ count: 4 }]);
    expect(await query(app, "SELECT count(*)::int AS count FROM users")).toEqual([{ count: 4 }]);
    accepted.kill("SIGTERM");
    await accepted.exited();
  });
});
