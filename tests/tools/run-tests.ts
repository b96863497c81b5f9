import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { ensureBrowser } from "@/tests/support/find-browser";

/**
 * `npm test`: the shortest honest proof of every feature. `npm run check` (--check): the part of it that needs neither a
 * database nor a browser, for the loop of a person at work. `npm run test:deep` (--deep): what takes longer.
 * Goes on when something fails, and ends with a plain line "N passed, N failed"; a static check counts as one.
 * `--json FILE` keeps the report of the tests.
 */
const { values: options } = parseArgs({
  options: { check: { type: "boolean" }, deep: { type: "boolean" }, json: { type: "string" } },
});
const scratch = mkdtempSync(path.join(os.tmpdir(), "murph-test-report-"));
const report = options.json ?? path.join(scratch, "vitest.json");
let passed = 0;
let failed = 0;

const command = (script: string, args: string[]) => [path.resolve("node_modules", script), ...args];

/** What it says is printed in one piece: several run beside each other. */
async function check(name: string, script: string, args: string[]): Promise<void> {
  const child = spawn(process.execPath, command(script, args), { stdio: ["ignore", "pipe", "pipe"] });
  const said: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data: Buffer) => said.push(data));
  const [status] = await once(child, "close");
  console.log(`\n── ${name}\n${Buffer.concat(said).toString().trim()}`);
  if (status === 0) passed += 1;
  else {
    failed += 1;
    console.error(`✗ ${name} failed`);
  }
}

async function checkStatically(): Promise<void> {
  await Promise.all([
    check("lint, format and import directions", "@biomejs/biome/bin/biome", ["check", "."]),
    check("types", "typescript/bin/tsc", ["--noEmit", "--incremental", "false"]),
    check("unused code", "knip/bin/knip.js", []),
    check("lock file complete", "tsx/dist/cli.mjs", ["tests/tools/check-lock.ts"]),
    check("schema and migrations agree", "tsx/dist/cli.mjs", [
      "--conditions=react-server",
      "lib/boot/bin/db-check.ts",
      "--sources",
    ]),
  ]);
}

async function runTests(projects: readonly string[]): Promise<void> {
  console.log("\n── tests");
  const args = ["run", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  for (const project of projects) args.push("--project", project);
  const child = spawn(process.execPath, command("vitest/vitest.mjs", args), { stdio: "inherit" });
  const [status] = await once(child, "close");
  const ok = status === 0;
  try {
    const totals = JSON.parse(readFileSync(report, "utf8")) as Record<string, number>;
    passed += totals.numPassedTests ?? 0;
    failed += totals.numFailedTests ?? 0;
    if (!ok && !totals.numFailedTests) failed += 1;
  } catch {
    failed += 1;
  }
}

try {
  if (!options.check) process.env.CHROME_BIN = ensureBrowser();
  // Everything else reads what it makes.
  await check("schema", "prisma/build/index.js", ["generate"]);
  if (!options.deep) await checkStatically();
  if (options.check) await runTests(["unit", "dom"]);
  else await runTests(options.deep ? ["deep-*"] : ["!deep-*"]);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
