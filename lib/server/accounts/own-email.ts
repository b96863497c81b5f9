import "server-only";
import type { Claim } from "@/lib/server/claim";
import { db } from "@/lib/server/db";

/** The address that the person signs in with; nobody else is told it. */
export async function readOwnEmail({ userId }: Claim): Promise<string> {
  return (await db().user.findUniqueOrThrow({ where: { id: userId }, select: { email: true } })).email;
}
