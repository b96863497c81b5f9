import { expect, test } from "vitest";
import { AppError } from "@/lib/server/app-error";
import { toAppError } from "@/lib/server/http/error-response";

const wrapped = (originalCode: string) =>
  Object.assign(new Error("Raw query failed"), {
    code: "P2010",
    meta: { driverAdapterError: { cause: { originalCode, kind: "postgres" } } },
  });

test.each([
  ["a refused connection", Object.assign(new Error("x"), { code: "ECONNREFUSED" })],
  ["both addresses refused", new AggregateError([Object.assign(new Error("x"), { code: "ECONNREFUSED" })])],
  ["Prisma's unreachable", Object.assign(new Error("x"), { code: "P1001" })],
  ["Prisma's pool timeout", Object.assign(new Error("x"), { code: "P2024" })],
  ["a shutdown", wrapped("57P01")],
  ["too many connections", wrapped("53300")],
  ["a lock timeout", wrapped("55P03")],
  ["a deadlock", wrapped("40P01")],
  ["a statement timeout", wrapped("57014")],
  ["a broken connection of class 08", wrapped("08006")],
  ["the adapter's kind", Object.assign(new Error("x"), { cause: { kind: "DatabaseNotReachable" } })],
  ["words only", new Error("Connection terminated unexpectedly")],
])("F15 F17 %s is 503 with Retry-After", (_name, error) => {
  const refusal = toAppError(error);
  expect([refusal.status, refusal.code]).toEqual([503, "unavailable"]);
  expect(refusal.retryAfterSeconds).toBeGreaterThan(0);
});

test.each(["22021", "22P05", "22008", "22P02", "22003"])(
  "a value that PostgreSQL cannot take (%s) is 422, not 500",
  (code) => {
    expect(toAppError(wrapped(code)).status).toBe(422);
  },
);

test.each([
  ["a bug", new TypeError("undefined is not a function")],
  ["a missing table", wrapped("42P01")],
  ["a broken constraint", wrapped("23505")],
  ["not even an error", "text"],
  ["nothing", undefined],
])("%s is 500 without its words", (_name, error) => {
  const refusal = toAppError(error);
  expect([refusal.status, refusal.toBody().error.message]).toEqual([500, "Something went wrong. Please try again."]);
});

test("a refusal stays what it is", () => {
  const refusal = new AppError("not-found");
  expect(toAppError(refusal)).toBe(refusal);
});

test("an error that contains itself ends", () => {
  const error = new Error("x");
  error.cause = error;
  expect(toAppError(error).status).toBe(500);
});
