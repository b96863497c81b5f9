import { type Plan, planOf } from "./plan";
import { type Outcome, runPlan } from "./run";

export interface Failure {
  readonly seed: number;
  readonly plan: Plan;
  readonly rule: string;
  readonly message: string;
}

export interface Summary {
  readonly failures: Failure[];
  readonly outcomes: Outcome[];
  readonly seconds: number;
}

interface Range {
  readonly from: number;
  readonly count: number;
  /** Stops after this many failures. */
  readonly most?: number;
}

/** Plays `count` seeds from `from` on. A thrown error is a failure as well. */
export async function runSeeds({ from, count, most = Number.POSITIVE_INFINITY }: Range): Promise<Summary> {
  const beganAt = performance.now();
  const failures: Failure[] = [];
  const outcomes: Outcome[] = [];
  for (let seed = from; seed < from + count && failures.length < most; seed += 1) {
    const plan = planOf(seed);
    const result = await judge(plan);
    if ("outcome" in result) outcomes.push(result.outcome);
    if (result.failure) failures.push(result.failure);
    // Others (a test runner's watch dog) want to breathe.
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { failures, outcomes, seconds: (performance.now() - beganAt) / 1_000 };
}

/** One plan, whatever it ends in. */
export async function judge(
  plan: Plan,
  trace: string[] | null = null,
): Promise<{ outcome: Outcome; failure: Failure | null } | { failure: Failure }> {
  const { seed } = plan;
  const thrown: unknown[] = [];
  const catchThrown = (error: unknown) => thrown.push(error);
  process.on("unhandledRejection", catchThrown);
  try {
    const outcome = await runPlan(plan, trace);
    const { violation } = outcome;
    if (thrown.length > 0) throw thrown[0];
    const failure = violation && {
      seed,
      plan,
      rule: violation.rule,
      message: `at ${violation.at}: ${violation.message}`,
    };
    return { outcome, failure };
  } catch (error) {
    return {
      failure: {
        seed,
        plan,
        rule: "THROWN",
        message: error instanceof Error ? (error.stack ?? error.message) : String(error),
      },
    };
  } finally {
    process.off("unhandledRejection", catchThrown);
  }
}
