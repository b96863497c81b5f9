import { Backoff, between, Cadence } from "./backoff";
import { classOfStatus } from "./failure";
import type { Cancel, ChannelHandlers, Ports } from "./ports";
import { Timer } from "./timer";

/** No word on a subscription for this long counts as a refusal: an authorisation request may hang, a frame be lost. */
const SUBSCRIBE_TIMEOUT_MS = 6_000;
const OUTAGE = { steadyForMs: 20_000, hiddenMs: 1_500 };
const BUSY = { baseMs: 2_000, maxMs: 30_000 };
/** Only signing in or being added helps: asked about in case that happened elsewhere. */
const NOT_ALLOWED = { baseMs: 4_000, maxMs: 120_000 };
const ON_SIGNAL_MS = 500;

/**
 * A subscription that does not give up (CON3): pusher-js never asks again after a failed authorisation, so that one
 * 503 at a bad moment would leave a channel silent for ever.
 */
export function keepSubscribed(
  { transport, clock, random, signals }: Pick<Ports, "transport" | "clock" | "random" | "signals">,
  channel: string,
  handlers: ChannelHandlers,
): Cancel {
  const outage = new Cadence(random, signals, OUTAGE);
  const busy = new Backoff(random, BUSY);
  const notAllowed = new Backoff(random, NOT_ALLOWED);
  const timer = new Timer(clock);
  let subscribed = false;
  let refused = false;

  const retry = () => {
    refused = false;
    subscription.retry();
    watch();
  };
  const watch = () => {
    if (!subscribed && transport.state() === "connected") timer.arm(SUBSCRIBE_TIMEOUT_MS, retry);
  };
  const pauseAfter = (status: number | null) => {
    // Everything that is asked for counts against the limit, repeats included.
    if (status === 429) return busy.next();
    return classOfStatus(status) === "transient" ? outage.next() : notAllowed.next();
  };
  const stopListening = transport.onState((state) => {
    timer.clear();
    refused = false;
    if (state === "connected") watch();
  });
  const stopSignals = signals.onChange((signal) => {
    const mayHaveChanged = signal === "online" || signal === "visible";
    // One under way is let go on: asking beside it would only double it.
    if (mayHaveChanged && refused) timer.arm(between(random, 0, ON_SIGNAL_MS), retry);
  });
  const subscription = transport.subscribe(channel, {
    events: handlers.events,
    onSubscribed(members) {
      subscribed = true;
      refused = false;
      timer.clear();
      for (const pause of [outage, busy, notAllowed]) pause.reset();
      handlers.onSubscribed(members);
    },
    onRefused(status) {
      subscribed = false;
      refused = true;
      timer.arm(pauseAfter(status), retry);
      handlers.onRefused(status);
    },
    onLost() {
      subscribed = false;
      handlers.onLost();
    },
  });
  watch();
  return () => {
    stopListening();
    stopSignals();
    timer.clear();
    subscription.close();
  };
}
