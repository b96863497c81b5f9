import type * as z from "zod";
import { commandAnswerSchema, positionAnswerSchema } from "@/lib/protocol/commands";
import { consultationListSchema, eventsPageSchema, messagesPageSchema, snapshotSchema } from "@/lib/protocol/snapshot";
import { VIEWER_HEADER } from "@/lib/protocol/viewer-header";
import type { Api, ApiResult } from "@/lib/sync/ports";
import { call } from "./call";
import type { HeardServerTime } from "./server-time";

/**
 * The HTTP routes of docs/protocol.md. Each call says whose it is: another tab may have signed in as somebody else, whose
 * cookie this tab then shares (SND5).
 */
export function createApi(viewerId: string, serverTime: HeardServerTime): Api {
  const ask = <Schema extends z.ZodType>(method: string, path: string, schema: Schema) =>
    read(path, { method, cache: "no-store", headers: { [VIEWER_HEADER]: viewerId } }, schema, serverTime);
  const tell = <Schema extends z.ZodType>(method: string, path: string, body: unknown, schema: Schema) => {
    const headers = { "content-type": "application/json", [VIEWER_HEADER]: viewerId };
    return read(path, { method, headers, body: JSON.stringify(body) }, schema, serverTime);
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

async function read<Schema extends z.ZodType>(
  path: string,
  init: RequestInit,
  schema: Schema,
  serverTime: HeardServerTime,
): Promise<ApiResult<z.output<Schema>>> {
  const { answer, headers } = await call(path, init, schema);
  const retryAfterMs = readRetryAfter(headers?.get("retry-after") ?? null);
  switch (answer.kind) {
    case "ok":
      serverTime.hear(headers?.get("date") ?? null);
      return { ok: true, value: answer.value };
    case "refused":
      return {
        ok: false,
        failure: { kind: "refused", status: answer.status, code: answer.error.code, retryAfterMs },
      };
    case "unreadable":
      return { ok: false, failure: { kind: "unreadable" } };
    case "foreign":
      return { ok: false, failure: headers ? { kind: "foreign", retryAfterMs } : { kind: "unknown" } };
  }
}

/** Our own server names seconds; a date would have to be compared with a clock that may be wrong. */
function readRetryAfter(header: string | null): number | null {
  return header !== null && /^\d{1,6}$/.test(header) ? Number(header) * 1_000 : null;
}
