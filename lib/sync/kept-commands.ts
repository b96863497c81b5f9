import { between } from "./backoff";
import type { Cancel, Ports } from "./ports";
import { Timer } from "./timer";

/** The tab in which something was written sends it within moments; one that died or was closed never does. */
const TAKE_OVER_AFTER = { lowMs: 5_000, highMs: 8_000 };

/**
 * Sees to it that what is kept is sent although nobody has its conversation open: after a reload on another page, and
 * when the tab that wrote it is gone. `finish` opens the conversation and keeps it until nothing is left to send.
 */
export function finishKeptCommands(
  { queue, clock, random }: Pick<Ports, "queue" | "clock" | "random">,
  finish: (consultationId: string) => void,
): Cancel {
  const timers = new Map<string, Timer>();
  let stopped = false;

  async function finishIfKept(consultationId: string): Promise<void> {
    timers.delete(consultationId);
    const commands = await queue.list(consultationId);
    if (!stopped && commands.some(({ parked }) => parked === null)) finish(consultationId);
  }

  const stopListening = queue.onChange((consultationId) => {
    if (consultationId === null || timers.has(consultationId)) return;
    const timer = new Timer(clock);
    timers.set(consultationId, timer);
    const { lowMs, highMs } = TAKE_OVER_AFTER;
    timer.arm(between(random, lowMs, highMs), () => void finishIfKept(consultationId));
  });
  void queue.consultationIds().then((consultationIds) => {
    for (const consultationId of consultationIds) void finishIfKept(consultationId);
  });
  return () => {
    stopped = true;
    stopListening();
    for (const timer of timers.values()) timer.clear();
  };
}
