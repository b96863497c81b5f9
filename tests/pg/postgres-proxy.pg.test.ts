import pg from "pg";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { useTestRuntime } from "@/tests/support/database";
import { type PostgresProxy, startPostgresProxy } from "@/tests/support/faults/postgres-proxy";

const database = useTestRuntime();

describe("the PostgreSQL proxy", () => {
  let proxy: PostgresProxy;
  const clients: pg.Client[] = [];
  beforeEach(async () => {
    proxy = await startPostgresProxy({ port: Number(new URL(database().ownerUrl).port) });
  });
  afterEach(async () => {
    await proxy.close();
    await Promise.all(clients.splice(0).map((client) => client.end().catch(() => undefined)));
  });

  async function connect(): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: proxy.through(database().ownerUrl) });
    client.on("error", () => undefined);
    clients.push(client);
    await client.connect();
    return client;
  }
  const countRows = async (sql: string) => (await (await connect()).query(sql)).rows.length;

  it("F12 shows a statement before it runs and its answer before it is told, also when it was prepared", async () => {
    const client = await connect();
    const order: string[] = [];
    proxy.watch({
      statement: "clock_",
      asked: ({ sql }) => void order.push(`asked ${sql}`),
      answered: (_, outcome) => void order.push(outcome),
    });
    const query = { name: "now", text: "SELECT clock_timestamp() AS t" };
    for (let round = 0; round < 2; round++) await client.query(query).then(() => order.push("told"));
    await client.query("SELECT 1");
    await client.query("SELECT clock_nonsense()").catch(() => order.push("refused"));
    const asked = `asked ${query.text}`;
    expect(order).toEqual([
      asked,
      "ok",
      "told",
      asked,
      "ok",
      "told",
      "asked SELECT clock_nonsense()",
      "error",
      "refused",
    ]);
  });

  it("F14 cuts after the commit, F13 and before it", async () => {
    const client = await connect();
    await client.query("CREATE TABLE faults (n integer)");
    const end = proxy.watch({ statement: "VALUES (1)", answered: ({ cut }) => cut() });
    await expect(client.query("INSERT INTO faults VALUES ($1)".replace("$1", "1"))).rejects.toThrow();
    end();
    expect(await countRows("SELECT FROM faults")).toBe(1);
    proxy.watch({ statement: "VALUES (2)", asked: ({ cut }) => cut() });
    await expect((await connect()).query("INSERT INTO faults VALUES (2)")).rejects.toThrow();
    expect(await countRows("SELECT FROM faults")).toBe(1);
  });

  it("F15 F16 holds, refuses and falls silent", async () => {
    const client = await connect();
    const go = proxy.hold();
    const late = client.query("SELECT 1");
    const first = await Promise.race([late, new Promise((resolve) => setTimeout(resolve, 100, "nothing"))]);
    expect(first).toBe("nothing");
    go();
    expect((await late).rowCount).toBe(1);
    const open = proxy.refuse();
    await expect(client.query("SELECT 1")).rejects.toThrow();
    await expect(connect()).rejects.toThrow();
    open();
    const next = await connect();
    const end = proxy.blackHole();
    const swallowed = next.query("SELECT 1");
    end();
    expect(await countRows("SELECT 1")).toBe(1);
    proxy.cut();
    await expect(swallowed).rejects.toThrow();
  });
});
