import { expect } from "vitest";
import { runSeeds } from "./run-seeds";
import { shrink } from "./shrink";
import { describeFailure, summarise } from "./words";

/** Plays the histories, and shows the fewest operations of the first that does not hold. */
export async function expectToHold({ from, count }: { from: number; count: number }): Promise<void> {
  const summary = await runSeeds({ from, count, most: 1 });
  console.log(summarise(summary));
  const [first] = summary.failures;
  if (first) expect.fail(describeFailure(await shrink(first)));
  expect(summary.outcomes).toHaveLength(count);
}
