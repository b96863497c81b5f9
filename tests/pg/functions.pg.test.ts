import pg from "pg";
import { describe, expect, onTestFinished, test } from "vitest";
import { type Functions, functionsIn, functionsOf, readFunctions, type SqlFunction } from "@/lib/boot/functions";
import { applyMigrations, readMigrations } from "@/lib/boot/migrate";
import { DEFAULT_SCHEMA } from "@/lib/database-url";
import { APP_ROLE } from "@/lib/embedded/postgres/initialise";
import { createTestDatabase } from "@/tests/support/database";

const ours = readFunctions([]).all;

async function database() {
  const made = await createTestDatabase();
  onTestFinished(() => made.drop());
  const client = new pg.Client({ connectionString: made.ownerUrl });
  await client.connect();
  onTestFinished(() => client.end());
  return { ...made, client };
}

function written(sql: string): SqlFunction[] {
  return functionsIn("test.sql", sql);
}

const greet = (words: string) =>
  written(`CREATE OR REPLACE FUNCTION greet() RETURNS text LANGUAGE sql AS $$ SELECT '${words}' $$;`);
const greetByName = written(
  "CREATE OR REPLACE FUNCTION greet_by_name(p_name text) RETURNS text LANGUAGE sql AS $$ SELECT 'hello ' || p_name $$;",
);
const wave = written("CREATE OR REPLACE FUNCTION wave() RETURNS text LANGUAGE sql AS $$ SELECT 'wave' $$;");

const first = functionsOf([...ours, ...greet("hello")], ["1"]);
const second = functionsOf([...ours, ...greetByName], ["2"]);
const third = functionsOf([...ours, ...greetByName, ...wave], ["3"]);

async function start(ownerUrl: string, functions: Functions, putBack = false) {
  return (await applyMigrations(ownerUrl, { appRole: APP_ROLE, functions, putBack })).functions;
}

/** Those of the test that are there. */
async function there(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    "SELECT proname AS name FROM pg_proc WHERE pronamespace = current_schema()::regnamespace AND proname ~ 'greet|wave' ORDER BY 1",
  );
  return rows.map(({ name }) => name);
}

describe("the functions of a release", () => {
  test("are all that the sources name, each once, and nothing else", async () => {
    const { client } = await database();
    const { rows } = await client.query<{ name: string }>(
      "SELECT proname AS name FROM pg_proc WHERE pronamespace = current_schema()::regnamespace",
    );
    const byName = (a: string, b: string) => (a < b ? -1 : 1);
    expect(rows.map(({ name }) => name).sort(byName)).toEqual(ours.map(({ name }) => name).sort(byName));
  });

  test("three starts on an empty database at once make them once", async () => {
    const { ownerUrl, client } = await database();
    await client.query(`DROP SCHEMA ${DEFAULT_SCHEMA} CASCADE`);
    const results = await Promise.all([1, 2, 3].map(() => applyMigrations(ownerUrl, { appRole: APP_ROLE })));
    expect(results.map(({ functions }) => functions).sort()).toEqual(["applied", "unchanged", "unchanged"]);
    expect((await client.query("SELECT count(*)::int AS count FROM _functions")).rows).toEqual([{ count: 1 }]);
  });

  test("may be called by the app's role, which is given each by name, also those of the release before", async () => {
    const { ownerUrl, appUrl, client } = await database();
    await start(ownerUrl, first);
    await start(ownerUrl, second);
    const { rows } = await client.query(
      `SELECT p.proname FROM pg_proc p
        WHERE p.pronamespace = current_schema()::regnamespace AND NOT EXISTS (
          SELECT FROM aclexplode(p.proacl) a WHERE a.grantee = '${APP_ROLE}'::regrole AND a.privilege_type = 'EXECUTE')`,
    );
    expect(rows).toEqual([]);
    const app = new pg.Client({ connectionString: appUrl });
    await app.connect();
    onTestFinished(() => app.end());
    expect((await app.query("SELECT greet() AS a, greet_by_name('you') AS b")).rows).toEqual([
      { a: "hello", b: "hello you" },
    ]);
  });

  test("may name each other in any order; one that cannot work is named, and takes migrations back with it", async () => {
    const { ownerUrl, client } = await database();
    const caller = written("CREATE OR REPLACE FUNCTION a_caller() RETURNS text LANGUAGE sql AS $$ SELECT wave() $$;");
    const migration = { name: "90000000000000_first", sql: "CREATE TABLE first_table (id int)" };
    const apply = (all: SqlFunction[]) =>
      applyMigrations(ownerUrl, {
        migrations: [...readMigrations(), migration],
        functions: functionsOf([...ours, ...all], ["4"]),
      });
    await expect(apply(caller)).rejects.toThrow(/a_caller\(\) of prisma\/functions failed: function wave\(\)/);
    await expect(apply(written(wave[0]?.sql.replace("text", "nothing") ?? ""))).rejects.toThrow(
      /wave of prisma\/functions\/test\.sql failed: type "nothing"/,
    );
    expect((await client.query("SELECT to_regclass('first_table') AS made")).rows).toEqual([{ made: null }]);
    expect(await there(client)).toEqual([]);
    expect(await apply([...caller, ...wave])).toEqual({ migrations: [migration.name], functions: "applied" });
    expect((await client.query("SELECT a_caller() AS said")).rows).toEqual([{ said: "wave" }]);
  });

  test("what a trigger of a migration runs is there before it", async () => {
    const { ownerUrl, client } = await database();
    const stamp = written(`CREATE OR REPLACE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.words := greet();
  RETURN NEW;
END $$;`);
    const migration = {
      name: "90000000000000_first",
      sql: `CREATE TABLE first_table (words text);
        CREATE TRIGGER stamped BEFORE INSERT ON first_table FOR EACH ROW EXECUTE FUNCTION stamp();`,
    };
    await applyMigrations(ownerUrl, {
      migrations: [...readMigrations(), migration],
      functions: functionsOf([...ours, ...stamp, ...greet("hello")], ["5"]),
    });
    const { rows } = await client.query("INSERT INTO first_table VALUES ('') RETURNING words");
    expect(rows).toEqual([{ words: "hello" }]);
  });
});

describe("F38 a deploy in which processes of two releases run", () => {
  test("F38 what the earlier release calls is there until the release after the next, then it goes", async () => {
    const { ownerUrl, client } = await database();
    expect(await start(ownerUrl, first)).toBe("applied");
    expect(await start(ownerUrl, second)).toBe("applied");
    expect(await there(client)).toEqual(["greet", "greet_by_name"]);
    expect(await start(ownerUrl, third)).toBe("applied");
    expect(await there(client)).toEqual(["greet_by_name", "wave"]);
  });

  test("F38 a process of the earlier release that starts again puts neither its functions nor its rights back", async () => {
    const { ownerUrl, client } = await database();
    const changed = functionsOf([...ours, ...greet("good day")], ["2"]);
    await start(ownerUrl, first);
    await start(ownerUrl, changed);
    await client.query(`REVOKE UPDATE ON preferences FROM ${APP_ROLE}`);
    expect(await start(ownerUrl, first)).toBe("kept");
    expect((await client.query("SELECT greet() AS said")).rows).toEqual([{ said: "good day" }]);
    const right = `SELECT has_table_privilege('${APP_ROLE}', 'preferences', 'UPDATE') AS held`;
    expect((await client.query(right)).rows).toEqual([{ held: false }]);
    expect(await start(ownerUrl, changed)).toBe("unchanged");

    expect(await start(ownerUrl, first, true)).toBe("applied");
    expect((await client.query("SELECT greet() AS said")).rows).toEqual([{ said: "hello" }]);
  });

  test("F38 a release with the words of an earlier one is a new release", async () => {
    const { ownerUrl, client } = await database();
    await start(ownerUrl, first);
    await start(ownerUrl, functionsOf([...ours, ...greet("good day")], ["2"]));
    expect(await start(ownerUrl, functionsOf(first.all, ["3"]))).toBe("applied");
    expect((await client.query("SELECT greet() AS said")).rows).toEqual([{ said: "hello" }]);
  });

  test("F38 after a release was taken back, the next one keeps what the one that runs calls", async () => {
    const { ownerUrl, client } = await database();
    await start(ownerUrl, first);
    await start(ownerUrl, functionsOf([...ours, ...wave], ["2"]));
    expect(await start(ownerUrl, first)).toBe("kept");
    await start(ownerUrl, functionsOf([...ours, ...greetByName], ["3"]));
    expect(await there(client)).toEqual(["greet", "greet_by_name"]);
  });

  test("F38 calls go on while another release's functions are made", async () => {
    const { ownerUrl, appUrl } = await database();
    await start(ownerUrl, first);
    const app = new pg.Client({ connectionString: appUrl });
    await app.connect();
    onTestFinished(() => app.end());
    let making = true;
    const made = (async () => {
      for (let release = 2; release < 8; release++) {
        await start(ownerUrl, functionsOf([...ours, ...greet(`hello ${release}`)], [String(release)]));
      }
      making = false;
    })();
    const said = new Set<string>();
    while (making) {
      const { rows } = await app.query({ name: "greet", text: "SELECT greet() AS said" });
      said.add(rows[0].said);
    }
    await made;
    expect([...said].every((words) => words.startsWith("hello"))).toBe(true);
  });
});

describe("others' functions", () => {
  test("are never dropped, also where they are in our schema", async () => {
    const { ownerUrl, client } = await database();
    await client.query("CREATE FUNCTION wave() RETURNS text LANGUAGE sql AS $$ SELECT 'theirs' $$");
    await start(ownerUrl, first);
    await start(ownerUrl, second);
    await start(ownerUrl, functionsOf(ours, ["3"]));
    await start(ownerUrl, functionsOf(ours, ["4"]));
    expect(await there(client)).toEqual(["wave"]);
  });

  test("are never replaced: a start that would says which", async () => {
    const { ownerUrl, client } = await database();
    await client.query("CREATE FUNCTION wave() RETURNS text LANGUAGE sql AS $$ SELECT 'theirs' $$");
    await expect(start(ownerUrl, third)).rejects.toThrow(/has a function wave\(\) already that Murph did not make/);
    expect((await client.query("SELECT wave() AS said")).rows).toEqual([{ said: "theirs" }]);
  });
});

describe("a file of functions", () => {
  test.each([
    ["a statement of another kind", "CREATE TABLE a (id int);"],
    ["a function that does not say OR REPLACE", "CREATE FUNCTION a() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$;"],
    [
      "something behind a function",
      "CREATE OR REPLACE FUNCTION a() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$;\nSELECT a();",
    ],
  ])("holds functions and comments only, not %s", (_name, sql) => {
    expect(() => written(`-- Comment.\n${sql}`)).toThrow(/test\.sql may hold functions and comments only/);
  });

  test("has each function once, whichever file it is in, and its line ends make no difference", () => {
    expect(() => functionsOf([...greet("a"), ...greet("b")], [])).toThrow(/greet is written twice/);
    expect(written(`-- A\r\n${wave[0]?.sql.replaceAll("\n", "\r\n")}\r\n`)).toEqual(wave);
  });
});
