import "server-only";
import type * as z from "zod";
import { AppError } from "@/lib/server/app-error";

const MAX_BODY_BYTES = 64 * 1024;
const BODY_DEADLINE_MS = 10_000;

/** Reads and judges a body in the protocol's order: 415 type, 413 size, 400 not readable, 422 invalid. */
export type BodyReader<Body> = (request: Request) => Promise<Body>;

/** A JSON body of this shape. With `optional` nothing at all stands for `{}`. */
export function json<Body>(schema: z.ZodType<Body>, { optional = false } = {}): BodyReader<Body> {
  return async (request) => {
    if (!(optional && isEmpty(request))) requireType(request, "application/json");
    const text = decodeUtf8(await readBytes(request, MAX_BODY_BYTES), "invalid-json");
    return parseInput(schema, optional && text === "" ? {} : parseJson(text));
  };
}

/** A form body; the caller judges its fields. */
export function form(): BodyReader<URLSearchParams> {
  return async (request) => {
    requireType(request, "application/x-www-form-urlencoded");
    return new URLSearchParams(decodeUtf8(await readBytes(request, MAX_BODY_BYTES), "malformed-request"));
  };
}

/** The bytes as they came, for a signature over them. */
export function raw(type: string, maxBytes: number): BodyReader<Buffer> {
  return async (request) => {
    requireType(request, type);
    return readBytes(request, maxBytes);
  };
}

/** Judges input against a schema; the refusal names the fields and never repeats what was in them. */
export function parseInput<Value>(schema: z.ZodType<Value>, input: unknown): Value {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const fields: Record<string, string> = {};
  for (const issue of parsed.error.issues) {
    const field = issue.path.join(".") || "body";
    fields[field] ??= /^[a-z]+(-[a-z]+)*$/.test(issue.message) ? issue.message : issue.code.replaceAll("_", "-");
  }
  throw new AppError("validation-failed", { details: { fields } });
}

export function contentType(request: Request): string {
  return (request.headers.get("content-type") ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
}

function requireType(request: Request, type: string): void {
  const charset = /charset="?([^\s;"]+)/i.exec(request.headers.get("content-type") ?? "")?.[1] ?? "utf-8";
  const plain = (request.headers.get("content-encoding") ?? "identity") === "identity";
  if (contentType(request) !== type || charset.toLowerCase() !== "utf-8" || !plain) {
    throw new AppError("unsupported-media-type", { details: { expected: type } });
  }
}

function isEmpty(request: Request): boolean {
  const { headers } = request;
  return (
    !headers.has("content-type") &&
    !headers.has("transfer-encoding") &&
    Number(headers.get("content-length") ?? 0) === 0
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new AppError("invalid-json");
  }
}

function decodeUtf8(bytes: Buffer, code: "invalid-json" | "malformed-request"): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new AppError(code);
  }
}

/** Counts while it reads, so that a body without a declared length is refused at the first byte too many. */
async function readBytes(request: Request, maxBytes: number): Promise<Buffer> {
  if (Number(request.headers.get("content-length") ?? 0) > maxBytes) throw new AppError("payload-too-large");
  const reader = request.body?.getReader();
  if (!reader) return Buffer.alloc(0);

  const chunks: Uint8Array[] = [];
  let size = 0;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<"late">((resolve) => {
    timer = setTimeout(resolve, BODY_DEADLINE_MS, "late");
  });
  try {
    for (;;) {
      const next = await Promise.race([reader.read(), late]);
      if (next === "late") {
        discard(reader, 500);
        throw new AppError("malformed-request", { details: { reason: "body-too-slow" } });
      }
      if (next.done) return Buffer.concat(chunks);
      size += next.value.byteLength;
      if (size > maxBytes) {
        discard(reader, BODY_DEADLINE_MS);
        throw new AppError("payload-too-large");
      }
      chunks.push(next.value);
    }
  } catch (error) {
    throw error instanceof AppError
      ? error
      : new AppError("malformed-request", { details: { reason: "body-cut-off" } });
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Throws the rest away while the refusal travels, then cuts the connection. Cancelling at once would destroy the
 * socket before a client that is still writing could read why.
 */
function discard(reader: ReadableStreamDefaultReader<Uint8Array>, graceMs: number): void {
  const cut = setTimeout(() => void reader.cancel().catch(() => {}), graceMs);
  const drain = async () => {
    for (let next = await reader.read(); !next.done; next = await reader.read());
  };
  drain()
    .catch(() => {})
    .finally(() => clearTimeout(cut));
}
