import type { ErrorCode } from "@/lib/protocol/errors";
import type { ApiFailure } from "./ports";

/** SND4 in one place: what a failure means for whoever asked. */
export type FailureClass = "transient" | "signed-out" | "definite";

const TRANSIENT_4XX: readonly number[] = [408, 425, 429];

export function classify(failure: ApiFailure): FailureClass {
  return classOfStatus(failure.kind === "refused" ? failure.status : null);
}

/** Of a refusal's status; null: nobody refused. */
export function classOfStatus(status: number | null): FailureClass {
  if (status === null) return "transient";
  if (status === 401) return "signed-out";
  return status >= 500 || TRANSIENT_4XX.includes(status) ? "transient" : "definite";
}

/** The wish of whoever answered, if there was one: a gateway that wants rest gets it too. */
export function retryAfterMs(failure: ApiFailure): number {
  return failure.kind === "refused" || failure.kind === "foreign" ? (failure.retryAfterMs ?? 0) : 0;
}

export function codeOf(failure: ApiFailure): ErrorCode {
  return failure.kind === "refused" ? failure.code : "unavailable";
}
