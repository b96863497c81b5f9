import { EnvError } from "@/lib/env";
import { boot } from "./boot";

/** What the server process does first. Where a part cannot be had the process ends, rather than answer half. */
export async function startApp(): Promise<void> {
  if (process.env.NEXT_PHASE === "phase-production-build") return;
  try {
    await boot();
  } catch (error) {
    console.error(`\n${describeBootError(error)}\n`);
    process.exit(1);
  }
}

/** One paragraph for the person at the terminal; a stack only where the cause is not theirs to mend. */
export function describeBootError(error: unknown): string {
  if (error instanceof EnvError) return error.message;
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  return `Murph could not start: ${message}${process.env.MURPH_LOG_LEVEL === "debug" && stack ? `\n${stack}` : ""}`;
}
