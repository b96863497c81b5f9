import { Backoff, between } from "./backoff";
import type { Cancel, Ports } from "./ports";
import { Timer } from "./timer";

const AFTER_LOSS = { baseMs: 1_000, maxMs: 4_000 };
const AFTER_REFUSAL = { baseMs: 30_000, maxMs: 240_000 };
const ON_SIGNAL_MS = 500;

/**
 * Decides when the tab's one connection is made again: soon after a loss, slowly after a refusal (CON3), always with
 * jitter, so that a restart of the provider does not bring everybody back in the same instant (CON4).
 */
export function keepConnected({
  transport,
  clock,
  random,
  signals,
}: Pick<Ports, "transport" | "clock" | "random" | "signals">): Cancel {
  const lost = new Backoff(random, AFTER_LOSS);
  const refused = new Backoff(random, AFTER_REFUSAL);
  const timer = new Timer(clock);
  const connect = () => transport.connect();

  const onState = () => {
    switch (transport.state()) {
      case "connected":
        lost.reset();
        refused.reset();
        return timer.clear();
      case "lost":
        return timer.arm(lost.next(), connect);
      case "refused":
        return timer.arm(refused.next(), connect);
      default:
        return timer.clear();
    }
  };
  const stopState = transport.onState(onState);
  const stopSignals = signals.onChange((signal) => {
    if (transport.state() !== "lost") return;
    if (signal === "online" || signal === "visible") timer.arm(between(random, 0, ON_SIGNAL_MS), connect);
  });
  if (transport.state() === "idle") transport.connect();
  else onState();
  return () => {
    stopState();
    stopSignals();
    timer.clear();
  };
}
