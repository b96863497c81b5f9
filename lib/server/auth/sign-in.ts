import "server-only";
import * as z from "zod";
import type { User } from "@/lib/protocol/user";
import { runtime } from "@/lib/runtime";
import { normaliseEmail, verifyCredentials } from "@/lib/server/accounts/verify-credentials";
import { logger } from "@/lib/server/log";
import { AttemptGate } from "./attempt-gate";

const WINDOW_MS = 10 * 60_000;
/** Many people may share one address; one account is one person's. */
const ADDRESS_FACTOR = 10;

const credentialsSchema = z.object({
  email: z.string().min(1).max(320),
  password: z.string().min(1).max(1_000),
});

const holder = globalThis as { __murphSignInGates?: { accounts: AttemptGate; addresses: AttemptGate } };

function gates() {
  const limit = runtime().env.rates.signInFailuresPerAccount;
  holder.__murphSignInGates ??= {
    accounts: new AttemptGate(limit, WINDOW_MS),
    addresses: new AttemptGate(limit * ADDRESS_FACTOR, WINDOW_MS),
  };
  return holder.__murphSignInGates;
}

/** The account behind an e-mail address and a password, or null. Throws AppError: rate-limited. */
export async function checkSignIn(input: unknown, address: string): Promise<User | null> {
  const credentials = credentialsSchema.safeParse(input);
  if (!credentials.success) return null;
  const { email, password } = credentials.data;

  const { accounts, addresses } = gates();
  const leaveAddress = await addresses.enter(address);
  let failed = false;
  try {
    const leaveAccount = await accounts.enter(normaliseEmail(email));
    try {
      const user = await verifyCredentials(email, password);
      failed = user === null;
      if (failed) logger().info({ event: "sign-in-failed" }, "sign-in refused");
      return user;
    } finally {
      leaveAccount(failed);
    }
  } finally {
    leaveAddress(failed);
  }
}
