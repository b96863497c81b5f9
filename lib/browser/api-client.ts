import type * as z from "zod";
import { commandAnswerSchema, positionAnswerSchema } from "@/lib/protocol/commands";
import { errorBodySchema } from "@/lib/protocol/errors";
import { consultationListSchema, eventsPageSchema, messagesPageSchema, snapshotSchema } from "@/lib/protocol/snapshot";
import { VIEWER_HEADER } from "@/lib/protocol/viewer-header";
import type { Api, ApiResult } from "@/lib/sync/ports";
import type { HeardServerTime } from "./server-time";

/** No answer by then is an unknown outcome, not a failure (SND3). The body counts too: it may stall half-way. */
const TIMEOUT_MS = 10_000;

/**
 * The HTTP routes of PROTOCOL.md. Every answer is checked; what does not fit its schema is "unreadable". Each call says
 * whose it is: another tab may have signed in as somebody else, whose cookie this tab then shares (SND5).
 */
export function createApi(viewerId: string, serverTime: HeardServerTime): Api {
  const ask = <Schema extends z.ZodType>(method: string, path: string, schema: Schema) =>
    call(path, { method, cache: "no-store", headers: { [VIEWER_HEADER]: viewerId } }, schema, serverTime);
  const tell = <Schema extends z.ZodType>(method: string, path: string, body: unknown, schema: Schema) => {
    const headers = { "content-type": "application/json", [VIEWER_HEADER]: viewerId };
    return call(path, { method, headers, body: JSON.stringify(body) }, schema, serverTime);
  };
  return {
    readSnapshot: (id) => ask("GET", `/api/consultations/${id}`, snapshotSchema),
    readEvents(id, { after, afterAt, epoch, limit }) {
      const query = new URLSearchParams({ after: String(after), epoch, limit: String(limit) });
      if (afterAt !== null) query.set("afterAt", afterAt);
      return ask("GET", `/api/consultations/${id}/events?${query}`, eventsPageSchema);
    },
    readMessages(id, { before, limit }) {
      return ask("GET", `/api/consultations/${id}/messages?before=${before}&limit=${limit}`, messagesPageSchema);
    },
    sendMessage: (command) => tell("POST", "/api/nachrichten", command, commandAnswerSchema),
    editMessage: (id, content) => tell("PATCH", `/api/nachrichten/${id}`, { content }, commandAnswerSchema),
    deleteMessage: (id) => ask("DELETE", `/api/nachrichten/${id}`, commandAnswerSchema),
    setReaction(id, emoji, on) {
      const path = `/api/nachrichten/${id}/reactions/${encodeURIComponent(emoji)}`;
      return ask(on ? "PUT" : "DELETE", path, commandAnswerSchema);
    },
    recordReceipt: (id, receipt) => tell("POST", `/api/consultations/${id}/receipts`, receipt, positionAnswerSchema),
    listConsultations: () => ask("GET", "/api/consultations", consultationListSchema),
  };
}

async function call<Schema extends z.ZodType>(
  path: string,
  init: RequestInit,
  schema: Schema,
  serverTime: HeardServerTime,
): Promise<ApiResult<z.output<Schema>>> {
  try {
    const response = await fetch(path, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) });
    const text = await response.text();
    if (!response.ok) return readRefusal(response, text);
    const answer = readAnswer(text, schema);
    if (answer.ok) serverTime.hear(response.headers.get("date"));
    return answer;
  } catch {
    return { ok: false, failure: { kind: "unknown" } };
  }
}

function readAnswer<Schema extends z.ZodType>(text: string, schema: Schema): ApiResult<z.output<Schema>> {
  const parsed = schema.safeParse(parseJson(text));
  return parsed.success ? { ok: true, value: parsed.data } : { ok: false, failure: { kind: "unreadable" } };
}

/** A gateway in between may answer with a page of its own: then there is a status, but no code. */
function readRefusal(response: Response, text: string): ApiResult<never> {
  const parsed = errorBodySchema.safeParse(parseJson(text));
  const code = parsed.success ? parsed.data.error.code : null;
  const retryAfterMs = readRetryAfter(response.headers.get("retry-after"));
  return { ok: false, failure: { kind: "refused", status: response.status, code, retryAfterMs } };
}

/** Our own server names seconds; a date would have to be compared with a clock that may be wrong. */
function readRetryAfter(header: string | null): number | null {
  return header !== null && /^\d{1,6}$/.test(header) ? Number(header) * 1_000 : null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
