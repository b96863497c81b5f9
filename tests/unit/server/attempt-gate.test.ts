import { describe, expect, test } from "vitest";
import { AppError } from "@/lib/server/app-error";
import { AttemptGate } from "@/lib/server/auth/attempt-gate";

const rule = { windowMs: 10_000, thenEveryMs: 60_000 };

async function fail(gate: AttemptGate, times: number): Promise<void> {
  for (let i = 0; i < times; i++) (await gate.enter("a"))(true);
}

describe("AttemptGate", () => {
  test("refuses after the limit of failures and says for how long", async () => {
    let now = 0;
    const gate = new AttemptGate({ ...rule, limit: 3 }, () => now);
    await fail(gate, 3);
    now = 4_000;
    await expect(gate.enter("a")).rejects.toMatchObject({ code: "rate-limited", retryAfterSeconds: 6 });
    (await gate.enter("b"))(false);
    now = 10_000;
    (await gate.enter("a"))(false);
  });

  test("successes count for nothing", async () => {
    const gate = new AttemptGate({ ...rule, limit: 2 }, () => 0);
    for (let i = 0; i < 20; i++) (await gate.enter("a"))(false);
    await fail(gate, 2);
    await expect(gate.enter("a")).rejects.toBeInstanceOf(AppError);
  });

  test("ATK84 of many parallel failures only the limit gets through", async () => {
    const gate = new AttemptGate({ ...rule, limit: 3 }, () => 0);
    let tried = 0;
    const outcomes = await Promise.allSettled(
      Array.from({ length: 50 }, async () => {
        const leave = await gate.enter("a");
        tried += 1;
        await Promise.resolve();
        leave(true);
      }),
    );
    expect([tried, outcomes.filter(({ status }) => status === "rejected").length]).toEqual([3, 47]);
  });

  test("of many parallel successes all get through", async () => {
    const gate = new AttemptGate({ ...rule, limit: 3 }, () => 0);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 50 }, async () => {
        const leave = await gate.enter("a");
        await Promise.resolve();
        leave(false);
      }),
    );
    expect(outcomes.every(({ status }) => status === "fulfilled")).toBe(true);
  });

  test("S5 beyond the limit one attempt after the other has its turn, and a new window begins with all of them", async () => {
    let now = 0;
    const gate = new AttemptGate({ limit: 3, windowMs: 10_000, thenEveryMs: 2_000 }, () => now);
    await fail(gate, 3);
    await expect(gate.enter("a")).rejects.toMatchObject({ code: "rate-limited", retryAfterSeconds: 2 });
    now = 2_000;
    (await gate.enter("a"))(true);
    await expect(gate.enter("a")).rejects.toMatchObject({ retryAfterSeconds: 2 });
    now = 3_500;
    await expect(gate.enter("a")).rejects.toMatchObject({ retryAfterSeconds: 1 });
    now = 4_000;
    const turns = await Promise.allSettled([gate.enter("a"), gate.enter("a"), gate.enter("a")]);
    expect(turns.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected"]);
    for (const turn of turns) if (turn.status === "fulfilled") turn.value(true);
    now = 10_000;
    await fail(gate, 3);
    await expect(gate.enter("a")).rejects.toBeInstanceOf(AppError);
  });

  test("S5 who may wait for their turn does, in the order of coming, and no more than fit into that time", async () => {
    const waits: number[] = [];
    const gate = new AttemptGate(
      { limit: 1, windowMs: 600_000, thenEveryMs: 2_000, mayWaitMs: 5_000 },
      () => 0,
      async (ms) => waits.push(ms),
    );
    await fail(gate, 1);
    const turns = await Promise.allSettled([gate.enter("a"), gate.enter("a"), gate.enter("a")]);
    expect([waits, turns.map(({ status }) => status)]).toEqual([
      [2_000, 4_000],
      ["fulfilled", "fulfilled", "rejected"],
    ]);
    (await gate.enter("b"))(false);
  });

  test("100,000 keys of an attack do not grow it without end, and lately failed ones are not all forgotten", async () => {
    const gate = new AttemptGate({ ...rule, limit: 1 }, () => 0);
    for (let i = 0; i < 120_000; i++) (await gate.enter(`key ${i}`))(true);
    await expect(gate.enter("key 119999")).rejects.toBeInstanceOf(AppError);
    (await gate.enter("key 0"))(false);
  });
});
