import { Backoff } from "./backoff";
import type { Cancel, ChannelHandlers, Ports } from "./ports";
import { Timer } from "./timer";

/** No word on a subscription for this long counts as a refusal: an authorisation request may hang. */
const SUBSCRIBE_TIMEOUT_MS = 10_000;
const RETRY = { baseMs: 1_000, maxMs: 30_000 };

/**
 * A subscription that does not give up (CON3): pusher-js never asks again after a failed authorisation, so that one
 * 503 at a bad moment would leave a channel silent for ever.
 */
export function keepSubscribed(
  { transport, clock, random }: Pick<Ports, "transport" | "clock" | "random">,
  channel: string,
  handlers: ChannelHandlers,
): Cancel {
  const backoff = new Backoff(random, RETRY);
  const timer = new Timer(clock);
  let subscribed = false;

  const retry = () => {
    subscription.retry();
    watch();
  };
  const watch = () => {
    if (!subscribed && transport.state() === "connected") timer.arm(SUBSCRIBE_TIMEOUT_MS, retry);
  };
  const stopListening = transport.onState((state) => {
    timer.clear();
    if (state === "connected") watch();
  });
  const subscription = transport.subscribe(channel, {
    events: handlers.events,
    onSubscribed(members) {
      subscribed = true;
      timer.clear();
      backoff.reset();
      handlers.onSubscribed(members);
    },
    onRefused(status) {
      subscribed = false;
      timer.arm(backoff.next(), retry);
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
    timer.clear();
    subscription.close();
  };
}
