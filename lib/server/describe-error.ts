import "server-only";

/** Errors whose sentence we wrote ourselves, of names, numbers and codes. tests/unit/server/describe-error.test.ts has the list complete. */
const OURS = new Set([
  "AppError",
  "MailError",
  "PublishError",
  "PusherError",
  "MigrationError",
  "PostgresStartError",
  "EnvError",
  "RestError",
]);

/**
 * Classes of SQLSTATE whose messages name tables, roles, settings and limits, never values: connection, lock, rights,
 * resources, shutdown, input and output. Class 22 (bad data) quotes what it choked on.
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const WORDLESS_STATES = /^(08|0A|23|25|28|2D|3D|3F|40|42|53|54|55|57|58|XX)[0-9A-Z]{3}$/;

/** What the driver says of its connection, in full. */
const DRIVER_WORDS =
  /^(connection terminated( unexpectedly| due to connection timeout)?|connection timeout|timeout (exceeded )?when trying to connect|timeout exceeded when trying to connect|client has encountered a connection error and is not queryable|server closed the connection unexpectedly|query read timeout|fetch failed)$/i;

/**
 * An error as a log line may have it: name, codes, the frames of its stack, and its message where that cannot hold
 * what a person wrote. Messages of parsers and of values that a database refused quote what they choked on.
 */
export function describeError(error: unknown): Record<string, unknown> {
  return describe(error, 0);
}

function describe(error: unknown, depth: number): Record<string, unknown> {
  if (!(error instanceof Error)) return { name: typeof error };
  const { code, errno, syscall, responseCode } = error as unknown as Record<string, unknown>;
  const message = wordlessMessage(error);
  const frames = error.stack?.split("\n").filter((line) => /^\s+at /.test(line)) ?? [];
  const cause = causeOf(error);
  return {
    name: error.name,
    ...(isCode(code) ? { code } : {}),
    ...(typeof syscall === "string" ? { syscall } : {}),
    ...(typeof errno === "number" ? { errno } : {}),
    ...(typeof responseCode === "number" ? { responseCode } : {}),
    ...(message === null ? {} : { message }),
    ...databaseReason(error),
    stack: frames.slice(0, 12).map((line) => line.trim()),
    ...(cause instanceof Error && depth < 4 ? { cause: describe(cause, depth + 1) } : {}),
  };
}

function isCode(code: unknown): boolean {
  return typeof code === "number" || (typeof code === "string" && /^[\w-]{1,64}$/.test(code));
}

function causeOf(error: Error): unknown {
  // Of several attempts (one for each address of a host) the first tells as much as all.
  return error.cause ?? (error instanceof AggregateError ? error.errors[0] : undefined);
}

function wordlessMessage(error: Error): string | null {
  const { code, syscall } = error as unknown as Record<string, unknown>;
  const isOurs = OURS.has(error.name);
  const isOfSystem = typeof syscall === "string" && typeof code === "string";
  const isOfDatabase = typeof code === "string" && WORDLESS_STATES.test(code) && "severity" in error;
  const isWordless = isOurs || isOfSystem || isOfDatabase || DRIVER_WORDS.test(error.message);
  return isWordless && error.message ? firstLine(error.message) : null;
}

/** What Prisma wraps: its own message repeats the statement, PostgreSQL's inside it does not. */
function databaseReason(error: Error): Record<string, unknown> {
  const { meta } = error as unknown as { meta?: { driverAdapterError?: { cause?: unknown } } };
  const inner = meta?.driverAdapterError?.cause ?? (error.name === "DriverAdapterError" ? error.cause : undefined);
  if (typeof inner !== "object" || inner === null) return {};
  const { kind, originalCode, originalMessage } = inner as Record<string, unknown>;
  const told = typeof originalCode === "string" && WORDLESS_STATES.test(originalCode);
  return {
    database: {
      ...(typeof kind === "string" ? { kind } : {}),
      ...(isCode(originalCode) ? { code: originalCode } : {}),
      ...(told && typeof originalMessage === "string" ? { message: firstLine(originalMessage) } : {}),
    },
  };
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0]?.slice(0, 300) ?? "";
}
