import { Backoff, between, Cadence } from "./backoff";
import type { Cancel, Ports } from "./ports";
import { Timer } from "./timer";

const AFTER_LOSS = { steadyForMs: 180_000, hiddenMs: 30_000 };
const OVERLOADED = { baseMs: 2_000, maxMs: 30_000 };
const AFTER_REFUSAL = { baseMs: 30_000, maxMs: 240_000 };
const ON_SIGNAL_MS = 500;
/** The browser may be wrong about having no network. */
const OFFLINE_MS = { low: 10_000, high: 30_000 };
/** A server that takes connections and drops them in turns is not back. */
const SETTLED_MS = 10_000;

/**
 * Decides when the tab's one connection is made again: soon after a loss, later where the server has too many, slowly
 * after a refusal (CON3), always with jitter, so that a restart of the provider does not bring everybody back in the
 * same instant (CON4).
 */
export function keepConnected({
  transport,
  clock,
  random,
  signals,
}: Pick<Ports, "transport" | "clock" | "random" | "signals">): Cancel {
  const lost = new Cadence(random, signals, AFTER_LOSS);
  const overloaded = new Backoff(random, OVERLOADED);
  const refused = new Backoff(random, AFTER_REFUSAL);
  const timer = new Timer(clock);
  const connect = () => transport.connect();
  const settled = () => {
    lost.reset();
    overloaded.reset();
    refused.reset();
  };

  const onState = () => {
    switch (transport.state()) {
      case "connected":
        return timer.arm(SETTLED_MS, settled);
      case "lost":
        return timer.arm(signals.online() ? lost.next() : between(random, OFFLINE_MS.low, OFFLINE_MS.high), connect);
      case "overloaded":
        return timer.arm(overloaded.next(), connect);
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
