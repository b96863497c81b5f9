import { describe, expect, test } from "vitest";
import { AppError } from "@/lib/server/app-error";
import { AttemptGate } from "@/lib/server/auth/attempt-gate";

async function fail(gate: AttemptGate, times: number): Promise<void> {
  for (let i = 0; i < times; i++) (await gate.enter("a"))(true);
}

describe("AttemptGate", () => {
  test("refuses after the limit of failures and says for how long", async () => {
    let now = 0;
    const gate = new AttemptGate(3, 10_000, () => now);
    await fail(gate, 3);
    now = 4_000;
    await expect(gate.enter("a")).rejects.toMatchObject({ code: "rate-limited", retryAfterSeconds: 6 });
    (await gate.enter("b"))(false);
    now = 10_000;
    (await gate.enter("a"))(false);
  });

  test("successes count for nothing", async () => {
    const gate = new AttemptGate(2, 10_000, () => 0);
    for (let i = 0; i < 20; i++) (await gate.enter("a"))(false);
    await fail(gate, 2);
    await expect(gate.enter("a")).rejects.toBeInstanceOf(AppError);
  });

  test("ATK84 of many parallel failures only the limit gets through", async () => {
    const gate = new AttemptGate(3, 10_000, () => 0);
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
    const gate = new AttemptGate(3, 10_000, () => 0);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 50 }, async () => {
        const leave = await gate.enter("a");
        await Promise.resolve();
        leave(false);
      }),
    );
    expect(outcomes.every(({ status }) => status === "fulfilled")).toBe(true);
  });

  test("100,000 keys of an attack do not grow it without end, and lately failed ones are not all forgotten", async () => {
    const gate = new AttemptGate(1, 10_000, () => 0);
    for (let i = 0; i < 120_000; i++) (await gate.enter(`key ${i}`))(true);
    await expect(gate.enter("key 119999")).rejects.toBeInstanceOf(AppError);
    (await gate.enter("key 0"))(false);
  });
});
