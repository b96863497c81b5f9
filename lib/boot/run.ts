import { shutdown } from "./shutdown";
import { describeBootError } from "./start-app";

/** Runs a command to its end: parts it started are stopped, a failure is one plain message and exit code 1. */
export function run(command: () => Promise<void>): void {
  command()
    .catch((error: unknown) => {
      console.error(describeBootError(error));
      process.exitCode = 1;
    })
    .finally(async () => {
      await shutdown();
      process.exit();
    });
}
