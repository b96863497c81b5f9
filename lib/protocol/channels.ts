/** Channel names. One consultation, one private and one presence channel; one private channel per user. */

const UUID = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}";
const consultationPattern = new RegExp(`^private-consultation-(${UUID})$`);
const encryptedPattern = new RegExp(`^private-encrypted-consultation-(${UUID})$`);
const presencePattern = new RegExp(`^presence-consultation-(${UUID})$`);
const userPattern = new RegExp(`^private-user-(${UUID})$`);

/** Where a consultation's log events are pushed; encrypted when the installation has a master key. */
export function consultationChannel(consultationId: string, encrypted = false): string {
  return `${encrypted ? "private-encrypted" : "private"}-consultation-${consultationId}`;
}

export function presenceChannel(consultationId: string): string {
  return `presence-consultation-${consultationId}`;
}

export function userChannel(userId: string): string {
  return `private-user-${userId}`;
}

export type ChannelName =
  | { family: "consultation"; consultationId: string; encrypted: boolean }
  | { family: "presence"; consultationId: string }
  | { family: "user"; userId: string };

/** Anchored allowlist: null for every name outside the three families. */
export function parseChannelName(name: string): ChannelName | null {
  const plain = consultationPattern.exec(name)?.[1];
  if (plain) return { family: "consultation", consultationId: plain, encrypted: false };
  const encrypted = encryptedPattern.exec(name)?.[1];
  if (encrypted) return { family: "consultation", consultationId: encrypted, encrypted: true };
  const presence = presencePattern.exec(name)?.[1];
  if (presence) return { family: "presence", consultationId: presence };
  const userId = userPattern.exec(name)?.[1];
  if (userId) return { family: "user", userId };
  return null;
}
