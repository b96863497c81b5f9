import "server-only";

/** Our own failure to reach or use the database in time, as opposed to a fault in the code. */
const UNAVAILABLE_CODES = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "P1000",
  "P1001",
  "P1002",
  "P1008",
  "P1017",
  "P2024",
  "P2028",
  "P2034",
  "P2037",
  "40001",
  "40P01",
  "53000",
  "53100",
  "53200",
  "53300",
  "53400",
  "55P03",
  "57014",
  "57P01",
  "57P02",
  "57P03",
  "58030",
]);
const UNAVAILABLE_KINDS = new Set([
  "ConnectionClosed",
  "DatabaseNotReachable",
  "SocketTimeout",
  "TooManyConnections",
  "TransactionWriteConflict",
]);
/** pg reports some losses of its connection in words only. */
const UNAVAILABLE_WORDS =
  /connection terminated|connection timeout|timeout exceeded when trying to connect|client has encountered a connection error|server closed the connection|not queryable|query read timeout/i;

/** Over in a moment: lost a race for a lock, or the connection was cut, perhaps long before the statement was sent. */
const PASSING_CODES = new Set(["40001", "40P01", "55P03", "57P01", "57P02", "ECONNRESET", "EPIPE", "P1017", "P2034"]);
const PASSING_KINDS = new Set(["ConnectionClosed", "TransactionWriteConflict"]);
const PASSING_WORDS = /connection terminated|client has encountered a connection error|not queryable/i;

/** Whether the database was away, full or too slow: worth a 503 and another try. */
export function isUnavailable(error: unknown): boolean {
  return matches(error, UNAVAILABLE_CODES, UNAVAILABLE_KINDS, UNAVAILABLE_WORDS);
}

/** Whether the same statement may well succeed a moment later. Implies isUnavailable. */
export function isPassing(error: unknown): boolean {
  return matches(error, PASSING_CODES, PASSING_KINDS, PASSING_WORDS);
}

function matches(error: unknown, codes: Set<string>, kinds: Set<string>, words: RegExp): boolean {
  for (const { code, originalCode, kind, message } of layers(error)) {
    for (const value of [code, originalCode]) {
      // Class 08: the connection is gone.
      if (typeof value === "string" && (codes.has(value) || value.startsWith("08"))) return true;
    }
    if (typeof kind === "string" && kinds.has(kind)) return true;
    if (typeof message === "string" && words.test(message)) return true;
  }
  return false;
}

/** Whether the database could not take a value (SQLSTATE class 22): something a client sent slipped past its schema. */
export function isBadValue(error: unknown): boolean {
  for (const { code, originalCode } of layers(error)) {
    for (const value of [code, originalCode])
      if (typeof value === "string" && /^22[0-9A-Z]{3}$/.test(value)) return true;
  }
  return false;
}

/** An error and what it wraps: Prisma puts the driver's error into `meta`, the driver PostgreSQL's into `cause`. */
function* layers(error: unknown, depth = 0): Generator<Record<string, unknown>> {
  if (typeof error !== "object" || error === null || depth > 5) return;
  const layer = error as Record<string, unknown>;
  yield layer;
  const inner = [
    layer.cause,
    layer.meta,
    layer.driverAdapterError,
    ...(Array.isArray(layer.errors) ? layer.errors : []),
  ];
  for (const next of inner) yield* layers(next, depth + 1);
}
