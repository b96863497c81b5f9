import "server-only";
import { db } from "@/lib/server/db";
import { MAIL_TOKEN_PLACE, mailToken } from "@/lib/server/mail-tokens/mail-token";

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
    select: { id: true, invitationId: true, resetId: true },
  });
  const tokens = new Map(mails.map(({ id, invitationId, resetId }) => [id, invitationId ?? resetId]));
  return rows.map(({ outboxId, toAddress, subject, text, sentAt }) => {
    const tokenId = tokens.get(outboxId);
    const whole = tokenId ? text.replaceAll(MAIL_TOKEN_PLACE, mailToken(tokenId)) : text;
    return { id: outboxId, to: toAddress, subject, text: whole, sentAt };
  });
}
