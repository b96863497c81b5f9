import "server-only";
import { db } from "@/lib/server/db";
import { INVITATION_TOKEN_PLACE, invitationToken } from "@/lib/server/invitations/invitation-token";

export interface ReadableMail {
  id: string;
  to: string;
  subject: string;
  text: string;
  sentAt: Date;
}

/** The simulated mailbox, newest first, as its readers would have got it: for development only. */
export async function readSimulatedMail(most: number): Promise<ReadableMail[]> {
  const rows = await db().simulatedMail.findMany({ orderBy: { sentAt: "desc" }, take: most });
  const mails = await db().mail.findMany({
    where: { id: { in: rows.map(({ outboxId }) => outboxId) } },
    select: { id: true, invitationId: true },
  });
  const invitations = new Map(mails.map(({ id, invitationId }) => [id, invitationId]));
  return rows.map(({ outboxId, toAddress, subject, text, sentAt }) => {
    const invitationId = invitations.get(outboxId);
    const whole = invitationId ? text.replaceAll(INVITATION_TOKEN_PLACE, invitationToken(invitationId)) : text;
    return { id: outboxId, to: toAddress, subject, text: whole, sentAt };
  });
}
