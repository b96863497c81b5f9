import { v4 } from "uuid";
import * as z from "zod";
import {
  type CommandAnswer,
  type CreateConsultation,
  type CreatedConsultation,
  colleaguesSchema,
  commandAnswerSchema,
  createdConsultationSchema,
} from "@/lib/protocol/commands";
import { type ErrorCode, errorBodySchema } from "@/lib/protocol/errors";
import { type Preferences, preferencesSchema } from "@/lib/protocol/preferences";
import type { User } from "@/lib/protocol/user";
import { VIEWER_HEADER } from "@/lib/protocol/viewer-header";

const TIMEOUT_MS = 10_000;
const fieldsSchema = z.object({ fields: z.record(z.string(), z.string()) });

/** Why nothing came of it. "network": no answer, so it may have happened; each of these calls may be repeated. */
export interface Refusal {
  readonly code: ErrorCode | "network";
  /** What was wrong with which field. */
  readonly fields: Readonly<Record<string, string>>;
}

export type ManagementResult<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly refusal: Refusal };

/**
 * What people do around conversations and wait for in front of a dialog. Unlike their words it is not kept and sent
 * later: a consultation that is set up or a person who is removed unattended, hours later, would surprise everybody.
 */
export interface ManagementApi {
  createConsultation(command: CreateConsultation): Promise<ManagementResult<CreatedConsultation>>;
  cancelConsultation(consultationId: string): Promise<ManagementResult<CommandAnswer>>;
  listColleagues(): Promise<ManagementResult<{ users: User[] }>>;
  addParticipant(consultationId: string, userId: string): Promise<ManagementResult<CommandAnswer>>;
  removeParticipant(consultationId: string, userId: string): Promise<ManagementResult<CommandAnswer>>;
  readPreferences(): Promise<ManagementResult<Preferences>>;
  savePreferences(change: Partial<Preferences>): Promise<ManagementResult<Preferences>>;
}

/** Made once for each attempt of a person: what is sent again with it happens once. */
export function newConsultationId(): string {
  return v4();
}

export function createManagementApi(viewerId: string): ManagementApi {
  const headers = { "content-type": "application/json", [VIEWER_HEADER]: viewerId };
  const ask = <Schema extends z.ZodType>(method: string, path: string, body: unknown, schema: Schema) =>
    call(path, { method, cache: "no-store", headers, ...(body ? { body: JSON.stringify(body) } : {}) }, schema);
  return {
    createConsultation: (command) => ask("POST", "/api/consultations", command, createdConsultationSchema),
    cancelConsultation: (id) => ask("POST", `/api/consultations/${id}/cancel`, {}, commandAnswerSchema),
    listColleagues: () => ask("GET", "/api/colleagues", null, colleaguesSchema),
    addParticipant: (id, userId) =>
      ask("POST", `/api/consultations/${id}/participants`, { userId }, commandAnswerSchema),
    removeParticipant: (id, userId) =>
      ask("DELETE", `/api/consultations/${id}/participants/${userId}`, null, commandAnswerSchema),
    readPreferences: () => ask("GET", "/api/preferences", null, preferencesSchema),
    savePreferences: (change) => ask("PUT", "/api/preferences", change, preferencesSchema),
  };
}

async function call<Schema extends z.ZodType>(
  path: string,
  init: RequestInit,
  schema: Schema,
): Promise<ManagementResult<z.output<Schema>>> {
  try {
    const response = await fetch(path, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) });
    const body: unknown = await response.json();
    if (!response.ok) return { ok: false, refusal: readRefusal(body) };
    return { ok: true, value: schema.parse(body) };
  } catch {
    return { ok: false, refusal: { code: "network", fields: {} } };
  }
}

function readRefusal(body: unknown): Refusal {
  const parsed = errorBodySchema.safeParse(body);
  if (!parsed.success) return { code: "unavailable", fields: {} };
  const { code, details } = parsed.data.error;
  return { code, fields: fieldsSchema.safeParse(details).data?.fields ?? {} };
}
