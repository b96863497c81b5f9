import { type Reporter, startVitest, type TestCase, type TestModule } from "vitest/node";

/**
 * `npm run test:planted [-- "RCV1|SND2"]` (a pattern of test names): takes the safeguards out one at a time and prints
 * who noticed. Exits 1 when nobody notices one, or when a plant no longer fits the code.
 */
const HEAD = ["plant", "rule", "file", "removed", "caught by", "s"];

class PlantTable implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const tests = modules.flatMap(({ children }) => [...children.allTests()].filter((test) => test.meta().plant));
    const rows = tests.map(rowOf);
    const widths = HEAD.map((name, column) => Math.max(name.length, ...rows.map((row) => row[column]?.length ?? 0)));
    for (const row of [HEAD, ...rows]) {
      const cells = row.map((cell, column) => cell.padEnd(widths[column] ?? 0));
      console.log(cells.join("  ").trimEnd());
    }
    const missed = tests.filter((test) => !test.ok());
    for (const test of missed) console.error(`✗ ${test.meta().plant?.id}: ${complaintOf(test)}`);
    console.log(`\n${tests.length} planted bugs: ${tests.length - missed.length} caught, ${missed.length} not caught`);
  }
}

function rowOf(test: TestCase): string[] {
  const { id = "", rule = "", place = "", removed = "", by = null } = test.meta().plant ?? {};
  const seconds = ((test.diagnostic()?.duration ?? 0) / 1_000).toFixed(1);
  return [id, rule, place, removed, by ?? "NOBODY", seconds];
}

function complaintOf(test: TestCase): string {
  return test.result().errors?.[0]?.message ?? "did not run";
}

const [pattern] = process.argv.slice(2);
await startVitest("test", [], {
  project: ["deep-planted"],
  run: true,
  reporters: ["default", new PlantTable()],
  ...(pattern === undefined ? {} : { testNamePattern: pattern }),
});
