import "server-only";
import type { PushState } from "@/lib/protocol/snapshot";
import { runtime } from "@/lib/runtime";
import { pushState } from "@/lib/server/relay/process-relay";
import { relayLagMs } from "@/lib/server/relay/publication-lease";

const CHECK_TIMEOUT_MS = 2_000;
/** Longer than any lease of a relay that has died. */
const LATE_MS = 15_000;

interface Health {
  /** "degraded": chats work and live updates do not. "unavailable": nothing can be read or saved. */
  status: "ok" | "degraded" | "unavailable";
  database: "ok" | "down";
  /** "external": hosted or self-hosted Pusher, which this check does not call. */
  channels: "ok" | "down" | "external";
  /** Age of the oldest event that is saved and not pushed. */
  relayLagMs: number | null;
  /** "delayed": this process cannot publish just now, or the oldest event has waited too long for anybody. */
  push: PushState;
}

/** Whether this process can serve, for load balancers and people on call. */
export async function checkHealth(): Promise<Health> {
  const [lag, channels] = await Promise.all([databaseLag(), channelsState()]);
  const push = (lag ?? 0) > LATE_MS ? "delayed" : pushState();
  const status = lag === null ? "unavailable" : channels === "down" || push === "delayed" ? "degraded" : "ok";
  return { status, database: lag === null ? "down" : "ok", channels, relayLagMs: lag, push };
}

async function databaseLag(): Promise<number | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, CHECK_TIMEOUT_MS, null);
  });
  const lag = relayLagMs().catch(() => null);
  return Promise.race([lag, late]).finally(() => clearTimeout(timer));
}

async function channelsState(): Promise<Health["channels"]> {
  const port = runtime().channelsPort;
  if (port === null) return "external";
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(CHECK_TIMEOUT_MS) });
    return answer.ok ? "ok" : "down";
  } catch {
    return "down";
  }
}
