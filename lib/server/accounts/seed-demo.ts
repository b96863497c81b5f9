import "server-only";
import { completeConsultation } from "@/lib/server/commands/complete-consultation";
import { recordReceipt } from "@/lib/server/commands/record-receipt";
import { sendMessage } from "@/lib/server/commands/send-message";
import { startConsultation } from "@/lib/server/commands/start-consultation";
import { db } from "@/lib/server/db";
import { readSnapshot } from "@/lib/server/queries/read-snapshot";
import { createUser } from "./create-user";
import { DEMO_CONSULTATIONS, DEMO_PASSWORD, DEMO_PEOPLE, type DemoConsultation } from "./demo-data";
import { endSession, openSession } from "./sessions";

/**
 * Makes the demo people and their consultations, through the same commands as everybody's. Every id is fixed, so a
 * run that was cut off is completed by the next; once the last step has been done nothing is touched again.
 */
export async function seedDemo(): Promise<void> {
  const lastMessageId = DEMO_CONSULTATIONS.at(-1)?.messages.at(-1)?.id ?? "";
  if (await db().message.findUnique({ where: { id: lastMessageId }, select: { id: true } })) return;

  const userIds = new Map<string, string>();
  for (const person of DEMO_PEOPLE) {
    const known = await db().user.findUnique({ where: { email: person.email } });
    const user = known ?? (await createUser({ ...person, password: DEMO_PASSWORD }));
    userIds.set(person.email, user.id);
  }
  for (const consultation of DEMO_CONSULTATIONS) await seedConsultation(consultation, userIds);
}

async function seedConsultation(demo: DemoConsultation, userIds: ReadonlyMap<string, string>): Promise<void> {
  const people = [demo.practitioner, demo.patient].map((email) => {
    const userId = userIds.get(email);
    if (!userId) throw new Error(`Demo consultation names an unknown person: ${email}`);
    return { email, userId };
  });
  const scheduledFor = new Date(Date.now() + demo.scheduledInHours * 3_600_000);
  await db().consultation.createMany({
    data: [{ id: demo.id, subject: demo.subject, scheduledFor }],
    skipDuplicates: true,
  });
  await db().participant.createMany({
    data: people.map(({ userId }) => ({ consultationId: demo.id, userId })),
    skipDuplicates: true,
  });
  if (demo.status === "SCHEDULED") return;

  const claims = new Map<string, { sessionId: string; userId: string }>();
  for (const { email, userId } of people) {
    claims.set(email, { sessionId: (await openSession(userId)).sessionId, userId });
  }
  const claimOf = (email: string) => {
    const claim = claims.get(email);
    if (!claim) throw new Error(`Demo message by somebody who takes no part: ${email}`);
    return claim;
  };
  try {
    await startConsultation(claimOf(demo.practitioner), demo.id);
    for (const { id, from, content } of demo.messages) {
      await sendMessage(claimOf(from), { id, consultationId: demo.id, content, replyToId: null, attachmentIds: [] });
    }
    if (demo.status === "COMPLETED") {
      await completeConsultation(claimOf(demo.practitioner), demo.id, { closingNote: demo.closingNote });
    }
    const { headSeq } = await readSnapshot(claimOf(demo.practitioner), demo.id);
    await recordReceipt(claimOf(demo.practitioner), demo.id, { readUpToSeq: headSeq });
    // The patient of a consultation in progress finds the last message unread.
    const readByPatient = demo.status === "COMPLETED" ? headSeq : headSeq - 1;
    await recordReceipt(claimOf(demo.patient), demo.id, { readUpToSeq: readByPatient });
  } finally {
    for (const { sessionId } of claims.values()) await endSession(sessionId);
  }
}
