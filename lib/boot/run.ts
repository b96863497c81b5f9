import { existsSync } from "node:fs";
import { describeProblem } from "./say";
import { endOnSignals, shutdown } from "./shutdown";

/** Next reads these for the app; a command beside it must see the same. What is set already wins, then the first file. */
function loadEnvFiles(): void {
  const mode = process.env.NODE_ENV === "production" ? "production" : "development";
  for (const name of [`.env.${mode}.local`, ".env.local", `.env.${mode}`, ".env"]) {
    if (existsSync(name)) process.loadEnvFile(name);
  }
}

/** Runs a command to its end: parts it started are stopped, a failure is one plain message and exit code 1. */
export function run(command: () => Promise<void>): void {
  loadEnvFiles();
  endOnSignals();
  command()
    .catch((error: unknown) => {
      console.error(describeProblem(error));
      process.exitCode = 1;
    })
    .finally(async () => {
      await shutdown();
      process.exit();
    });
}
