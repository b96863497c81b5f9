import "server-only";
import pino, { type Logger } from "pino";
import { describeError } from "./describe-error";

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
