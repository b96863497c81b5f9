import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { ensureBrowser } from "@/tests/support/find-browser";

/**
 * `npm test`: everything that must be true, one after the other, all of it even when something fails.
 * Ends with a plain line "N passed, N failed"; a static check counts as one.
 */
const scratch = mkdtempSync(path.join(os.tmpdir(), "murph-test-report-"));
const report = path.join(scratch, "vitest.json");
let passed = 0;
let failed = 0;

function run(script: string, args: string[]): boolean {
  const { status } = spawnSync(process.execPath, [path.resolve("node_modules", script), ...args], { stdio: "inherit" });
  return status === 0;
}

function check(name: string, script: string, args: string[]): void {
  console.log(`\n── ${name}`);
  if (run(script, args)) passed += 1;
  else {
    failed += 1;
    console.error(`✗ ${name} failed`);
  }
}

function runTests(): void {
  console.log("\n── tests");
  const ok = run("vitest/vitest.mjs", ["run", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`]);
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
  process.env.CHROME_BIN = ensureBrowser();
  check("schema", "prisma/build/index.js", ["generate"]);
  check("lint, format and import directions", "@biomejs/biome/bin/biome", ["check", "."]);
  check("types", "typescript/bin/tsc", ["--noEmit", "--incremental", "false"]);
  check("unused code", "knip/bin/knip.js", []);
  check("lock file complete", "tsx/dist/cli.mjs", ["tests/tools/check-lock.ts"]);
  check("schema and migrations agree", "tsx/dist/cli.mjs", ["--conditions=react-server", "lib/boot/bin/db-check.ts"]);
  runTests();
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
