import "server-only";
import { NextResponse } from "next/server";
import { negotiateLocale } from "@/lib/i18n/locale";
import type { ErrorCode } from "@/lib/protocol/errors";
import { AppError, unavailable } from "@/lib/server/app-error";
import { isBadValue, isUnavailable } from "@/lib/server/database-errors";
import { logger } from "@/lib/server/log";
import { withoutSecret } from "./secret-path";

/** On every answer of the API: content belongs to one person and is never sniffed. */
export const API_HEADERS = { "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff" };

/** What a thrown thing means to the client. Anything unknown is an internal error, told without its words. */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (isUnavailable(error)) return unavailable();
  if (isBadValue(error)) return new AppError("validation-failed");
  return new AppError("internal-error");
}

/** The one translation of a refusal into an answer; logs what is ours to look at, by ids only. */
export function errorResponse(error: unknown, request: Request, context: Record<string, unknown> = {}): NextResponse {
  const refusal = toAppError(error);
  logFailure(refusal, error, { ...context, method: request.method, path: pathOf(request) });
  const headers = new Headers(API_HEADERS);
  if (refusal.retryAfterSeconds !== null) headers.set("Retry-After", String(refusal.retryAfterSeconds));
  return NextResponse.json(refusal.toBody(negotiateLocale(request.headers.get("accept-language"))), {
    status: refusal.status,
    headers,
  });
}

function pathOf(request: Request): string {
  return withoutSecret(new URL(request.url).pathname);
}

/** The same where there is no Request: what to answer, to be written by whoever asks. */
export function describeFailure(error: unknown, headers: Headers, context: Record<string, unknown>) {
  const refusal = toAppError(error);
  logFailure(refusal, error, context);
  const { status, retryAfterSeconds, details } = refusal;
  return { status, retryAfterSeconds, details, body: refusal.toBody(negotiateLocale(headers.get("accept-language"))) };
}

/** The same for a server action, which has no status to answer with. */
export function describeRefusal(error: unknown, headers: Headers): { code: ErrorCode; message: string } {
  const refusal = toAppError(error);
  logFailure(refusal, error, {});
  const { code, message } = refusal.toBody(negotiateLocale(headers.get("accept-language"))).error;
  return { code, message };
}

function logFailure(refusal: AppError, error: unknown, context: Record<string, unknown>): void {
  const line = { ...context, err: error };
  if (refusal.code === "unavailable") logger().warn(line, "answered unavailable");
  else if (error !== refusal) logger().error(line, `answered ${refusal.code}`);
}
