import { describe, expect, it } from "vitest";
import { runSeeds } from "./run-seeds";
import { shrink } from "./shrink";
import { describeFailure, summarise } from "./words";

const SEEDS = 200;

describe("the simulation", () => {
  it(`I1 I2 I3 I4 I5 I6 I7 UI2 SND1 SND2 SND3 SND4 SND5 CON1 CON2 CON3 hold in ${SEEDS} histories full of faults`, {
    timeout: 300_000,
  }, async () => {
    const summary = await runSeeds({ from: 1, count: SEEDS, most: 3 });
    console.log(summarise(summary));
    const [first] = summary.failures;
    if (first) expect.fail(describeFailure(await shrink(first)));
    expect(summary.outcomes).toHaveLength(SEEDS);
  });
});
