import { describe, expect, it } from "vitest";
import { expectToHold } from "./expect-to-hold";
import { ABSENCES, measureHealing } from "./heal";
import pinned from "./pinned.json";
import { type Plan, planOf } from "./plan";
import { judge } from "./run-seeds";
import { describeFailure, percentiles } from "./words";

/** The first of those that `npm run test:deep` plays. */
const SEEDS = 50;

describe("the simulation", () => {
  it(
    "I1 I2 I3 I4 I5 I6 I7 UI2 UI4 UI5 NTC1 C4 C6 RCV5 RCV6 SND1 SND2 SND3 SND4 SND5 SND6 SND7 CON1 CON2 CON3 hold in fifty histories",
    {
      timeout: 240_000,
    },
    () => expectToHold({ from: 1, count: SEEDS }),
  );

  it.each(pinned as { what: string; plan: Plan }[])("UI2 pinned: $what", async ({ plan }) => {
    const { failure } = await judge(plan);
    if (failure) expect.fail(describeFailure(failure));
  });

  it("UI2 a seed decides everything: the same one gives the same history", async () => {
    const traces: string[][] = [[], []];
    for (const trace of traces) await judge(planOf(31), trace);
    expect(traces[0]?.length).toBeGreaterThan(100);
    expect(traces[0]).toEqual(traces[1]);
  });

  it.each(Object.keys(ABSENCES) as (keyof typeof ABSENCES)[])(
    "F7 F8 UI2 heals after %s",
    {
      timeout: 60_000,
    },
    async (absence) => {
      const { heals, sends, failures } = await measureHealing(absence, absence.startsWith("8") ? 4 : 8);
      const [first] = failures;
      if (first) expect.fail(describeFailure(first));
      console.log(`${absence}: screen ${percentiles(heals)}; waiting words sent ${percentiles(sends)}`);
      expect(heals.length).toBeGreaterThan(0);
    },
  );
});
