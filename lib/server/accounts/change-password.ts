import "server-only";
import { Prisma } from "@/lib/generated/prisma/client";
import type { Locale } from "@/lib/i18n/locale";
import { AppError } from "@/lib/server/app-error";
import type { KnownDevice } from "@/lib/server/auth/device-cookie";
import { checkSignIn } from "@/lib/server/auth/sign-in";
import type { Claim } from "@/lib/server/claim";
import { endConnections } from "@/lib/server/presence/end-connections";
import { readViewer } from "@/lib/server/queries/read-viewer";
import { callFunction } from "@/lib/server/sql-function";
import { readOwnEmail } from "./own-email";
import { hashPassword } from "./password";

/** Where a change comes from: a wrong present password counts as a wrong sign-in does. */
interface From {
  address: string;
  device: KnownDevice;
  locale: Locale;
}

/**
 * Another password in place of the present one. All other devices are signed out.
 * Throws AppError: session-ended, rate-limited, validation-failed (the present one is wrong).
 */
export async function changePassword(
  claim: Claim,
  { current, password }: { current: string; password: string },
  { address, device, locale }: From,
): Promise<void> {
  await readViewer(claim);
  const email = await readOwnEmail(claim);
  const proven = await checkSignIn({ email, password: current }, address, device);
  if (!proven) throw new AppError("validation-failed", { details: { fields: { current: "wrong" } } });
  const passwordHash = await hashPassword(password);
  await callFunction(Prisma.sql`change_password(
    ${claim.sessionId}::uuid, ${claim.userId}::uuid, ${proven.proof}, ${passwordHash}, ${locale}
  )`);
  void endConnections(claim.userId);
}
