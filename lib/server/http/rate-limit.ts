import "server-only";
import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import { runtime } from "@/lib/runtime";
import { AppError } from "@/lib/server/app-error";

/**
 * "changes": corrections, reactions and what a practitioner does to a consultation; as many as sends, counted apart.
 * "invitations": consultations that are set up and invitations that are sent again, since each may write to an address
 * that somebody typed; "renewals": how often that is done to one person; "resets": links for forgotten passwords that are
 * asked for from one address.
 */
export type RateLimit = "sends" | "changes" | "channel-auth" | "invitations" | "renewals" | "resets";

const RENEWALS_PER_10_MIN = 5;
/** Times as many as wrong passwords cost nothing: many people may share one address. */
const RESETS_FACTOR = 2;

const holder = globalThis as { __murphRateLimits?: Map<RateLimit, RateLimiterMemory> };

/** Counts one call of this person or of whatever `key` names; refuses with Retry-After once the window is full. In memory, per instance. */
export async function countCall(limit: RateLimit, key: string): Promise<void> {
  try {
    await limiter(limit).consume(key);
  } catch (refusal) {
    if (!(refusal instanceof RateLimiterRes)) throw refusal;
    throw new AppError("rate-limited", { retryAfterSeconds: Math.max(1, Math.ceil(refusal.msBeforeNext / 1_000)) });
  }
}

function limiter(limit: RateLimit): RateLimiterMemory {
  holder.__murphRateLimits ??= new Map();
  const known = holder.__murphRateLimits.get(limit);
  if (known) return known;
  const created = new RateLimiterMemory(quotaOf(limit));
  holder.__murphRateLimits.set(limit, created);
  return created;
}

function quotaOf(limit: RateLimit): { points: number; duration: number } {
  const { sendsPer10s, channelAuthPerMinute, invitationsPer10Min, signInFailuresPerAccount } = runtime().env.rates;
  if (limit === "channel-auth") return { points: channelAuthPerMinute, duration: 60 };
  if (limit === "invitations") return { points: invitationsPer10Min, duration: 600 };
  if (limit === "renewals") return { points: RENEWALS_PER_10_MIN, duration: 600 };
  if (limit === "resets") return { points: signInFailuresPerAccount * RESETS_FACTOR, duration: 600 };
  return { points: sendsPer10s, duration: 10 };
}
