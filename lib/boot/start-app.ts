import { boot } from "./boot";
import { describeProblem, sayOnConsole } from "./say";
import { warmRoutes } from "./warm-routes";

/** What the server process does first. Where a part cannot be had the process ends, rather than answer half. */
export async function startApp(): Promise<void> {
  if (process.env.NEXT_PHASE === "phase-production-build") return;
  try {
    await boot();
  } catch (error) {
    console.error(`\nMurph could not start.\n${describeProblem(error)}\n`);
    process.exit(1);
  }
  // Not awaited: requests are answered once this function has returned.
  if (process.env.NODE_ENV === "development" && process.env.PORT) {
    void warmRoutes(`http://localhost:${process.env.PORT}`, sayOnConsole);
  }
}
