import type { Operation, Plan } from "./plan";
import { type Failure, judge } from "./run-seeds";

/** Shrinking is worth some seconds, not a whole test run. */
const TIME_LIMIT_MS = 30_000;

/**
 * Takes operations out of a failing plan for as long as it goes on breaking the same rule (delta debugging), then
 * whatever else can go: history, tabs, people. Chance is drawn by name, so what is left keeps its luck.
 */
export async function shrink(failure: Failure, timeLimitMs = TIME_LIMIT_MS): Promise<Failure> {
  const until = performance.now() + timeLimitMs;
  let smallest = failure;
  const fails = async (plan: Plan): Promise<boolean> => {
    if (performance.now() > until) return false;
    const { failure: found } = await judge(plan);
    if (found?.rule !== failure.rule) return false;
    smallest = found;
    return true;
  };

  for (let size = Math.ceil(smallest.plan.operations.length / 2); size >= 1; ) {
    let removed = false;
    for (let start = 0; start < smallest.plan.operations.length; ) {
      const rest = without(smallest.plan.operations, start, size);
      if (await fails({ ...smallest.plan, operations: rest })) removed = true;
      else start += size;
    }
    if (size === 1 && !removed) break;
    if (!removed || size > smallest.plan.operations.length) size = Math.floor(size / 2) || (removed ? 1 : 0);
  }
  for (const history of [0, 1, 60]) {
    if (history < smallest.plan.history && (await fails({ ...smallest.plan, history }))) break;
  }
  for (let index = smallest.plan.browsers.length - 1; index >= 0; index -= 1) {
    const browsers = smallest.plan.browsers.map((browser, at) => (at === index ? { ...browser, tabs: 1 } : browser));
    await fails({ ...smallest.plan, browsers });
  }
  if (smallest.plan.browsers.length > 1) {
    await fails({ ...smallest.plan, browsers: smallest.plan.browsers.slice(0, -1) });
  }
  return smallest;
}

function without(operations: readonly Operation[], start: number, count: number): Operation[] {
  return operations.filter((_, index) => index < start || index >= start + count);
}
