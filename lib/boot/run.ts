import { describeProblem } from "./say";
import { shutdown } from "./shutdown";

/** Runs a command to its end: parts it started are stopped, a failure is one plain message and exit code 1. */
export function run(command: () => Promise<void>): void {
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
