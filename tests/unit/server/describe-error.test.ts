import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import pg from "pg";
import { describe, expect, test } from "vitest";
import { MigrationError } from "@/lib/boot/migration-error";
import { Prisma } from "@/lib/generated/prisma/client";
import { describeError } from "@/lib/server/describe-error";
import { MailError } from "@/lib/server/mail/mail-error";

const WORDS = "my secret complaint";

function ofDatabase(code: string, message: string): Error {
  return Object.assign(new pg.DatabaseError(message, message.length, "error"), {
    code,
    severity: "ERROR",
    detail: WORDS,
  });
}

function ofPrisma(originalCode: string, originalMessage: string): Error {
  const cause = { kind: "postgres", originalCode, originalMessage };
  return new Prisma.PrismaClientKnownRequestError(`Raw query failed. ${WORDS}`, {
    ...{ code: "P2010", clientVersion: "7" },
    meta: { driverAdapterError: Object.assign(new Error(WORDS), { name: "DriverAdapterError", cause }) },
  });
}

describe("O2 an error in a log line", () => {
  test.each<[string, Error, Record<string, unknown>]>([
    [
      "of the system",
      Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:5432"), {
        ...{ code: "ECONNREFUSED", syscall: "connect", errno: -111 },
      }),
      { code: "ECONNREFUSED", message: "connect ECONNREFUSED 127.0.0.1:5432" },
    ],
    [
      "of a lock",
      ofDatabase("55P03", "canceling statement due to lock timeout"),
      { code: "55P03", message: "canceling statement due to lock timeout" },
    ],
    [
      "of a right",
      ofDatabase("42501", "permission denied for table events"),
      { code: "42501", message: "permission denied for table events" },
    ],
    [
      "of the driver",
      new Error("timeout exceeded when trying to connect"),
      { message: "timeout exceeded when trying to connect" },
    ],
    [
      "of ours",
      new MigrationError("The migration 1 failed: division by zero"),
      { message: "The migration 1 failed: division by zero" },
    ],
    [
      "of a mail",
      new MailError("later", "ETIMEDOUT"),
      { code: "ETIMEDOUT", message: "mail not accepted (later, ETIMEDOUT)" },
    ],
    [
      "through Prisma",
      ofPrisma("57014", "canceling statement due to statement timeout"),
      {
        code: "P2010",
        database: { kind: "postgres", code: "57014", message: "canceling statement due to statement timeout" },
      },
    ],
  ])("O2 %s says what and why", (_name, error, told) => {
    const line = describeError(error);
    expect(line).toMatchObject(told);
    expect(JSON.stringify(line)).not.toContain(WORDS);
  });

  test("O2 what it was caused by is told too, the first of several attempts among them", () => {
    const attempt = Object.assign(new Error("connect ETIMEDOUT ::1:5432"), { code: "ETIMEDOUT", syscall: "connect" });
    const error = new TypeError("fetch failed", { cause: new AggregateError([attempt], "") });
    expect(describeError(error)).toMatchObject({
      message: "fetch failed",
      cause: { name: "AggregateError", cause: { code: "ETIMEDOUT", message: "connect ETIMEDOUT ::1:5432" } },
    });
  });

  test.each<[string, Error]>([
    ["a value the database refused", ofDatabase("22P02", `invalid input syntax for type json: "${WORDS}"`)],
    ["the same through Prisma", ofPrisma("22021", `invalid byte sequence: ${WORDS}`)],
    ["a parser", new SyntaxError(`Unexpected token 'm', "${WORDS}" is not valid JSON`)],
    [
      "an argument",
      Object.assign(new TypeError(`Received type string ('${WORDS}')`), { code: "ERR_INVALID_ARG_TYPE" }),
    ],
    ["a mail server", Object.assign(new Error(`550 <${WORDS}> unknown`), { code: "EENVELOPE", responseCode: 550 })],
    ["words that only begin like the driver's", new Error(`connection terminated ${WORDS}`)],
    ["a code that is none", Object.assign(new Error(WORDS), { code: WORDS })],
  ])("ATK86 O2 %s is told without the words", (_name, error) => {
    const line = describeError(error);
    expect(JSON.stringify(line)).not.toContain(WORDS);
    expect(line.name).toBe(error.name);
  });

  test("O2 every error class of ours is judged", () => {
    const root = path.resolve("lib");
    const names = readdirSync(root, { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts") && !file.startsWith("generated"))
      .flatMap((file) => [...readFileSync(path.join(root, file), "utf8").matchAll(/override name = "(\w+)"/g)])
      .map(([, name]) => name ?? "");
    expect(names.length).toBeGreaterThan(5);
    for (const name of names) {
      const error = Object.assign(new Error("why"), { name });
      expect(describeError(error).message, `${name} is in OURS of describe-error.ts`).toBe("why");
    }
  });
});
