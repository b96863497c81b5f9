import "server-only";
import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import { runtime } from "@/lib/runtime";
import { AppError } from "@/lib/server/app-error";

export type RateLimit = "sends" | "channel-auth";

const holder = globalThis as { __murphRateLimits?: Map<RateLimit, RateLimiterMemory> };

/** Counts one call of this person; refuses with Retry-After once the window is full. In memory, per instance. */
export async function countCall(limit: RateLimit, userId: string): Promise<void> {
  try {
    await limiter(limit).consume(userId);
  } catch (refusal) {
    if (!(refusal instanceof RateLimiterRes)) throw refusal;
    throw new AppError("rate-limited", { retryAfterSeconds: Math.max(1, Math.ceil(refusal.msBeforeNext / 1_000)) });
  }
}

function limiter(limit: RateLimit): RateLimiterMemory {
  holder.__murphRateLimits ??= new Map();
  const known = holder.__murphRateLimits.get(limit);
  if (known) return known;
  const { sendsPer10s, channelAuthPerMinute } = runtime().env.rates;
  const created = new RateLimiterMemory(
    limit === "sends" ? { points: sendsPer10s, duration: 10 } : { points: channelAuthPerMinute, duration: 60 },
  );
  holder.__murphRateLimits.set(limit, created);
  return created;
}
