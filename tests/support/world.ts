import { randomUUID } from "node:crypto";
import { v7 as uuidV7 } from "uuid";
import type { SendMessage } from "@/lib/protocol/commands";
import type { ConsultationStatus } from "@/lib/protocol/message";
import type { Role } from "@/lib/protocol/user";
import { openSession } from "@/lib/server/accounts/sessions";
import type { Claim } from "@/lib/server/claim";
import { db } from "@/lib/server/db";

export interface Person extends Claim {
  name: string;
}

/** A person with an open session, without the price of a password hash. */
export async function createPerson(role: Role, name: string = role.toLowerCase()): Promise<Person> {
  const user = await db().user.create({
    data: { email: `${randomUUID()}@murph.example`, name, role, passwordHash: "none" },
  });
  const { sessionId } = await openSession(user.id);
  return { userId: user.id, sessionId, name };
}

/** A consultation of these people, put into the given state without any event. */
export async function createConsultation(
  people: readonly Person[],
  status: ConsultationStatus = "IN_PROGRESS",
): Promise<string> {
  const { id } = await db().consultation.create({ data: { subject: "Test", status } });
  for (const { userId } of people) await db().participant.create({ data: { consultationId: id, userId } });
  return id;
}

/** A patient and a practitioner in a consultation in progress. */
export async function createWorld(status: ConsultationStatus = "IN_PROGRESS") {
  const [patient, practitioner] = [
    await createPerson("PATIENT", "Anna"),
    await createPerson("PRACTITIONER", "Dr. Weber"),
  ];
  return { patient, practitioner, consultationId: await createConsultation([patient, practitioner], status) };
}

export function messageOf(consultationId: string, content: string, id: string = uuidV7()): SendMessage {
  return { id, consultationId, content, replyToId: null, attachmentIds: [] };
}

/** Hash of every row of every table that a refusal must not touch: equal before and after means nothing changed. */
export async function fingerprint(): Promise<string> {
  const tables = await db().$queryRaw<{ name: string }[]>`
    SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema() AND tablename <> '_prisma_migrations' ORDER BY 1`;
  const parts: string[] = [];
  for (const { name } of tables) {
    const rows = await db().$queryRawUnsafe<{ hash: string | null; count: bigint }[]>(
      `SELECT count(*), md5(string_agg(md5(t::text), '' ORDER BY md5(t::text))) AS hash FROM "${name}" t`,
    );
    parts.push(`${name}:${rows[0]?.count}:${rows[0]?.hash}`);
  }
  return parts.join("\n");
}
