import type { Clock, Random } from "@/lib/sync/ports";

export const browserClock: Clock = {
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

export const browserRandom: Random = { next: () => Math.random() };
