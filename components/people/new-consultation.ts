import type { Catalogue } from "@/lib/i18n/en";
import { type CreateConsultation, createConsultationSchema } from "@/lib/protocol/commands";

/** What stands in the form; `when` as a field of date and time has it, without a zone. */
export interface NewConsultationFields {
  patientEmail: string;
  patientName: string;
  subject: string;
  when: string;
}

export const NO_FIELDS: NewConsultationFields = { patientEmail: "", patientName: "", subject: "", when: "" };

/** What is wrong, by the field's name in the protocol. */
export type FieldIssues = Readonly<Record<string, string>>;

/** A time of the form is one of the viewer's zone, which is the browser's. */
export function readFields(
  id: string,
  fields: NewConsultationFields,
  now: number,
): { command: CreateConsultation } | { issues: FieldIssues } {
  const time = fields.when === "" ? null : new Date(fields.when).getTime();
  if (time !== null && Number.isNaN(time)) return { issues: { scheduledFor: "invalid" } };
  const parsed = createConsultationSchema.safeParse({
    id,
    patientEmail: fields.patientEmail,
    patientName: fields.patientName.trim() === "" ? null : fields.patientName,
    subject: fields.subject,
    scheduledFor: time === null ? null : new Date(time).toISOString(),
  });
  const issues: Record<string, string> = {};
  for (const { path, message } of parsed.error?.issues ?? []) issues[String(path[0])] ??= message;
  if (time !== null && time < now) issues.scheduledFor ??= "past";
  return parsed.success && Object.keys(issues).length === 0 ? { command: parsed.data } : { issues };
}

export function fieldWords(words: Catalogue, field: string, issues: FieldIssues): string | null {
  const issue = issues[field];
  if (issue === undefined) return null;
  const known: Record<string, string> = words.newConsultation.issues;
  return known[`${field} ${issue}`] ?? known[field] ?? words.errors["validation-failed"];
}
