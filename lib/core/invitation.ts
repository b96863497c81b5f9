import type { ConsultationRow, Invitation, Participant } from "@/lib/protocol/snapshot";

/**
 * The invitation of a participant as it is now: sending it again is told by the list's row only, accepting by the log
 * too. Whoever has accepted needs none for good, and of two the later one is newer.
 */
export function invitationOf(
  { user, invitation }: Pick<Participant, "user" | "invitation">,
  row: Pick<ConsultationRow, "invitation"> | undefined,
): Invitation | null {
  if (!invitation || !row) return invitation;
  const told = row.invitation;
  if (told?.userId !== user.id) return null;
  const { invitedAt, expiresAt } = told;
  return invitedAt > invitation.invitedAt ? { invitedAt, expiresAt } : invitation;
}
