import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { ABSENCES, measureHealing } from "@/tests/simulation/heal";
import { type Plan, planOf } from "@/tests/simulation/plan";
import { type Failure, judge, runSeeds } from "@/tests/simulation/run-seeds";
import { shrink } from "@/tests/simulation/shrink";
import { describeFailure, describePlan, percentiles, summarise } from "@/tests/simulation/words";

/**
 * `npm run test:simulation -- --seeds 1000 --from 1`   many histories and what they came to
 * `npm run test:simulation -- --seed 17`               one, with its operations (`--trace`: and all that was said)
 * `npm run test:simulation -- --heal 100`              how long screens take after absences that people know
 * `npm run test:simulation -- --plan plan.json`        a plan from a file, as a failure prints it
 */
const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "200" },
    from: { type: "string", default: "1" },
    seed: { type: "string" },
    plan: { type: "string" },
    heal: { type: "string" },
    report: { type: "boolean", default: false },
    trace: { type: "boolean", default: false },
    "no-shrink": { type: "boolean", default: false },
  },
});

async function explain(failure: Failure): Promise<void> {
  const smallest = values["no-shrink"] ? failure : await shrink(failure);
  console.log(describeFailure(smallest));
  if (!values.trace) return;
  const trace: string[] = [];
  await judge(smallest.plan, trace);
  console.log(trace.join("\n"));
}

async function one(plan: Plan): Promise<void> {
  console.log(describePlan(plan));
  const trace = values.trace ? [] : null;
  const { failure } = await judge(plan, trace);
  if (trace) console.log(trace.join("\n"));
  if (failure) await explain(failure);
  else console.log("every invariant holds");
  process.exitCode = failure ? 1 : 0;
}

async function heal(seeds: number): Promise<void> {
  for (const absence of Object.keys(ABSENCES) as (keyof typeof ABSENCES)[]) {
    const { heals, sends, failures } = await measureHealing(absence, seeds);
    console.log(
      `${absence}: screen ${percentiles(heals)}; waiting words sent ${percentiles(sends)}; ${failures.length} failed`,
    );
    const [first] = failures;
    if (!first) continue;
    process.exitCode = 1;
    await explain(first);
  }
}

if (values.heal) await heal(Number(values.heal));
else if (values.plan) await one(JSON.parse(readFileSync(values.plan, "utf8")));
else if (values.seed) await one(planOf(Number(values.seed)));
else {
  const summary = await runSeeds({ from: Number(values.from), count: Number(values.seeds) });
  for (const failure of summary.failures) {
    console.log(`seed ${failure.seed}: ${failure.rule} ${failure.message.split("\n").slice(0, 4).join("\n")}`);
  }
  const [first] = summary.failures;
  if (first && !values["no-shrink"]) await explain(first);
  console.log(summarise(summary, { markdown: values.report }));
  process.exitCode = first ? 1 : 0;
}
