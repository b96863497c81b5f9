import { spawnSync } from "node:child_process";
import path from "node:path";

/** `npm run test:leaks`: opens a room a thousand times, lets 10,000 messages come, and prints what the page held. */
const { status } = spawnSync(
  process.execPath,
  [
    path.resolve("node_modules/vitest/vitest.mjs"),
    "run",
    "--project",
    "deep-app",
    "tests/app/browser/leaks.deep.test.ts",
  ],
  { stdio: "inherit", env: { LEAK_CYCLES: "1000", LEAK_MESSAGES: "10000", ...process.env } },
);
process.exitCode = status ?? 1;
