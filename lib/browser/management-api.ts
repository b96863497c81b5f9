import "@/lib/protocol/zod-settings";
import { v4 } from "uuid";
import * as z from "zod";
import {
  type CommandAnswer,
  type CreateConsultation,
  type CreatedConsultation,
  colleaguesSchema,
  commandAnswerSchema,
  createdConsultationSchema,
  type RenewedInvitation,
  renewedInvitationSchema,
} from "@/lib/protocol/commands";
import type { ErrorCode } from "@/lib/protocol/errors";
import { type Preferences, preferencesSchema } from "@/lib/protocol/preferences";
import type { User } from "@/lib/protocol/user";
import { VIEWER_HEADER } from "@/lib/protocol/viewer-header";
import { call } from "./call";

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
  renewInvitation(consultationId: string): Promise<ManagementResult<RenewedInvitation>>;
  withdrawInvitation(consultationId: string): Promise<ManagementResult<CommandAnswer>>;
  readPreferences(): Promise<ManagementResult<Preferences>>;
  savePreferences(change: Partial<Preferences>): Promise<ManagementResult<Preferences>>;
}

/** Made once for each attempt of a person: what is sent again with it happens once. */
export function newConsultationId(): string {
  return v4();
}

export function createManagementApi(viewerId: string): ManagementApi {
  const headers = { "content-type": "application/json", [VIEWER_HEADER]: viewerId };
  const send = <Schema extends z.ZodType>(method: string, path: string, body: unknown, schema: Schema) =>
    ask(path, { method, cache: "no-store", headers, ...(body ? { body: JSON.stringify(body) } : {}) }, schema);
  return {
    createConsultation: (command) => send("POST", "/api/consultations", command, createdConsultationSchema),
    cancelConsultation: (id) => send("POST", `/api/consultations/${id}/cancel`, {}, commandAnswerSchema),
    listColleagues: () => send("GET", "/api/colleagues", null, colleaguesSchema),
    addParticipant: (id, userId) =>
      send("POST", `/api/consultations/${id}/participants`, { userId }, commandAnswerSchema),
    removeParticipant: (id, userId) =>
      send("DELETE", `/api/consultations/${id}/participants/${userId}`, null, commandAnswerSchema),
    renewInvitation: (id) => send("POST", `/api/consultations/${id}/invitation`, {}, renewedInvitationSchema),
    withdrawInvitation: (id) => send("DELETE", `/api/consultations/${id}/invitation`, null, commandAnswerSchema),
    readPreferences: () => send("GET", "/api/preferences", null, preferencesSchema),
    savePreferences: (change) => send("PUT", "/api/preferences", change, preferencesSchema),
  };
}

async function ask<Schema extends z.ZodType>(
  path: string,
  init: RequestInit,
  schema: Schema,
): Promise<ManagementResult<z.output<Schema>>> {
  const { answer } = await call(path, init, schema);
  if (answer.kind === "ok") return { ok: true, value: answer.value };
  if (answer.kind !== "refused") return { ok: false, refusal: { code: "network", fields: {} } };
  const { code, details } = answer.error;
  return { ok: false, refusal: { code, fields: fieldsSchema.safeParse(details).data?.fields ?? {} } };
}
