import type { ErrorCode } from "@/lib/protocol/errors";
import type { ApiFailure } from "./ports";

/** SND4 in one place: what a failure means for whoever asked. */
export type FailureClass = "transient" | "signed-out" | "definite";

const TRANSIENT_4XX: readonly number[] = [408, 425, 429];

export function classify(failure: ApiFailure): FailureClass {
  if (failure.kind !== "refused") return "transient";
  if (failure.status === 401) return "signed-out";
  if (failure.status >= 500 || TRANSIENT_4XX.includes(failure.status)) return "transient";
  return "definite";
}

/** The server's wish, if it named one. */
export function retryAfterMs(failure: ApiFailure): number {
  return failure.kind === "refused" ? (failure.retryAfterMs ?? 0) : 0;
}

export function codeOf(failure: ApiFailure): ErrorCode {
  if (failure.kind !== "refused") return "unavailable";
  if (failure.status === 401) return failure.code ?? "unauthenticated";
  return failure.code ?? (failure.status >= 500 ? "unavailable" : "internal-error");
}
