import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";

/**
 * `npm run test:steady -- --times 10 --load 2`: `npm test` ten times, every second time beside two processes that keep a
 * core busy each, and a table of what came of it. Exits 1 unless all were green.
 */
const { values } = parseArgs({
  options: { times: { type: "string", default: "10" }, load: { type: "string", default: "2" } },
});
const folder = mkdtempSync(path.join(os.tmpdir(), "murph-steady-"));

interface Run {
  readonly busy: number;
  readonly minutes: number;
  readonly closing: string;
  readonly green: boolean;
  readonly red: string[];
}

function keepBusy(processes: number): () => void {
  const children = Array.from({ length: processes }, () =>
    spawn(process.execPath, ["-e", "for (;;);"], { stdio: "ignore" }),
  );
  const stop = () => {
    for (const child of children) child.kill("SIGKILL");
  };
  process.once("exit", stop);
  return () => {
    process.off("exit", stop);
    stop();
  };
}

async function runOnce(number: number, busy: number): Promise<Run> {
  const report = path.join(folder, `${number}.json`);
  const log = path.join(folder, `${number}.log`);
  const rest = keepBusy(busy);
  const startedAt = performance.now();
  const said = openSync(log, "w");
  const child = spawn(
    process.execPath,
    [path.resolve("node_modules/tsx/dist/cli.mjs"), "tests/tools/run-tests.ts", "--json", report],
    { stdio: ["ignore", said, said] },
  );
  const [status] = await once(child, "exit");
  closeSync(said);
  rest();
  return {
    busy,
    minutes: (performance.now() - startedAt) / 60_000,
    closing: /^\d+ passed, \d+ failed$/m.exec(readFileSync(log, "utf8"))?.[0] ?? "did not end",
    green: status === 0,
    red: redTestsOf(report, log),
  };
}

interface Report {
  testResults: { name: string; message: string; assertionResults: { fullName: string; status: string }[] }[];
}

function redTestsOf(report: string, log: string): string[] {
  const red = [...readFileSync(log, "utf8").matchAll(/^✗ .*$/gm)].map(([line]) => line);
  try {
    const { testResults } = JSON.parse(readFileSync(report, "utf8")) as Report;
    for (const { name, message, assertionResults } of testResults) {
      const file = path.relative(process.cwd(), name);
      const failed = assertionResults.filter(({ status }) => status === "failed");
      if (failed.length === 0 && message) red.push(`${file}: ${message.split("\n")[0]}`);
      for (const { fullName } of failed) red.push(`${file}: ${fullName}`);
    }
  } catch {
    red.push("no report");
  }
  return red;
}

const times = Number(values.times);
const runs: Run[] = [];
for (let number = 1; number <= times; number++) {
  const run = await runOnce(number, number % 2 === 0 ? Number(values.load) : 0);
  runs.push(run);
  const { busy, minutes, closing, red } = run;
  console.log(`${number}  busy cores ${busy}  ${minutes.toFixed(1)} min  ${closing}`);
  for (const name of red) console.log(`   ✗ ${name}`);
}
const green = runs.filter((run) => run.green).length;
console.log(`\n${green} of ${times} green; what they printed is in ${folder}`);
process.exitCode = green === times ? 0 : 1;
