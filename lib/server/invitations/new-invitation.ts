import "server-only";
import { randomUUID } from "node:crypto";
import { hashInvitationToken, invitationToken } from "./invitation-token";

/** A link and what the database keeps of it. */
export function newInvitation() {
  const id = randomUUID();
  const token = invitationToken(id);
  return { token, stored: { id, tokenHash: Buffer.from(hashInvitationToken(token)).toString("hex") } };
}
