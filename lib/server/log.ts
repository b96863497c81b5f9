import "server-only";
import pino, { type Logger } from "pino";

const holder = globalThis as { __murphLogger?: Logger };

/** Keys that may never reach a log line, however deep an object somebody logs in a hurry. */
const FORBIDDEN = [
  "content",
  "text",
  "preview",
  "excerpt",
  "closingNote",
  "email",
  "password",
  "authorization",
  "cookie",
  "token",
  "secret",
  "auth",
  "url",
  "body",
];

/** The process's logger: ids, codes and durations. Never words a person wrote, never signed URLs or secrets. */
export function logger(): Logger {
  holder.__murphLogger ??= pino({
    level: logLevel(),
    base: undefined,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: FORBIDDEN.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]), censor: "[redacted]" },
    serializers: { err: describeError },
  });
  return holder.__murphLogger;
}

/** Read here too, because boot logs before the environment is parsed; a word that is no level is refused there. */
function logLevel(): string {
  const wanted = process.env.MURPH_LOG_LEVEL?.trim() ?? "";
  if (wanted === "silent" || wanted in pino.levels.values) return wanted;
  return process.env.NODE_ENV === "production" ? "info" : "warn";
}

/**
 * An error without its words: messages of databases and parsers quote what they choked on, so only the name,
 * the code and the frames of the stack are kept.
 */
function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { name: typeof error };
  const code = (error as { code?: unknown }).code;
  const frames = error.stack?.split("\n").filter((line) => /^\s+at /.test(line)) ?? [];
  return {
    name: error.name,
    ...(typeof code === "string" || typeof code === "number" ? { code } : {}),
    stack: frames.slice(0, 12).map((line) => line.trim()),
    ...(error.cause instanceof Error ? { cause: describeError(error.cause) } : {}),
  };
}
