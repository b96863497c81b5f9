import "server-only";
import { pruneSessions } from "@/lib/server/accounts/sessions";
import { completeDueConsultations } from "@/lib/server/commands/complete-due";
import { logger } from "@/lib/server/log";
import { mailSweepOnce } from "@/lib/server/mail/process-mail";
import { sweepPresence } from "@/lib/server/presence/ask";
import { settlePresence } from "@/lib/server/presence/settle";
import { sweepOnce } from "./process-relay";

/** The provider is asked who is connected; a quarter of what an answer is good for is left for its failure. */
const PRESENCE_SWEEP_SECONDS = 30;
const AFTER_FAILURE_MS = 5_000;

/**
 * What has to happen without anybody asking, in every process with a relay: any number of them may do it side by side.
 * A failure is left to the next turn, which then comes soon.
 */
export function startHousekeeping(): { stop(): Promise<void> } {
  const chores = [
    chore("announced ends", 1_000, completeDueConsultations),
    chore("who is online", 5_000, () => settlePresence(null)),
    chore("presence sweep", PRESENCE_SWEEP_SECONDS * 1_000, presenceSweep()),
    chore("old sessions", 3_600_000, pruneSessions),
  ];
  return {
    async stop() {
      await Promise.all(chores.map((one) => one.stop()));
    },
  };
}

/** Everything once, for hosts on which no process stays: what is due completes before the relay publishes it. */
export async function keepHouseOnce(): Promise<{ published: number; mailed: number }> {
  const failed = (error: unknown) => logger().warn({ err: error }, "housekeeping failed");
  await completeDueConsultations().catch(failed);
  const swept = await sweepOnce();
  await sweepPresence(PRESENCE_SWEEP_SECONDS - 2).catch(failed);
  const mail = await mailSweepOnce().catch(failed);
  return { ...swept, mailed: mail?.sent ?? 0 };
}

/** The first of a process asks whoever has asked before: what happened while no process ran is told by nobody else. */
function presenceSweep(): () => Promise<void> {
  let first = true;
  return async () => {
    await sweepPresence(first ? 0 : PRESENCE_SWEEP_SECONDS - 2);
    first = false;
  };
}

/** Now, and again so long after each end, with jitter: processes that were started together drift apart. */
function chore(name: string, everyMs: number, work: () => Promise<void>): { stop(): Promise<void> } {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let failing = false;
  let running = turn();
  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };

  async function turn(): Promise<void> {
    try {
      await work();
      failing = false;
    } catch (error) {
      // Once a failure, not once a second of it.
      logger()[failing ? "debug" : "warn"]({ err: error, chore: name }, "housekeeping failed, trying again");
      failing = true;
    }
    if (stopped) return;
    const pause = failing ? Math.min(everyMs, AFTER_FAILURE_MS) : everyMs;
    timer = setTimeout(
      () => {
        running = turn();
      },
      pause * (0.9 + Math.random() / 5),
    );
    timer.unref();
  }
}
