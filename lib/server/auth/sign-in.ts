import "server-only";
import * as z from "zod";
import { runtime } from "@/lib/runtime";
import { accountIdOf, normaliseEmail, type Proven, verifyCredentials } from "@/lib/server/accounts/verify-credentials";
import { logger } from "@/lib/server/log";
import { AttemptGate } from "./attempt-gate";
import type { KnownDevice } from "./device-cookie";

const MINUTE_MS = 60_000;
/** Many people may share one address; and one person is guessed at from many. */
const MANY = 10;

const credentialsSchema = z.object({
  email: z.string().min(1).max(320),
  password: z.string().min(1).max(1_000),
});

interface Gates {
  devices: AttemptGate;
  places: AttemptGate;
  accounts: AttemptGate;
  addresses: AttemptGate;
}

const holder = globalThis as { __murphSignInGates?: Gates };

/** Decision 046. Nothing here closes for good: behind each limit one attempt after the other has its turn. */
function gates(): Gates {
  const limit = runtime().env.rates.signInFailuresPerAccount;
  const slowly = { windowMs: 10 * MINUTE_MS, thenEveryMs: MINUTE_MS };
  holder.__murphSignInGates ??= {
    devices: new AttemptGate({ ...slowly, limit }),
    places: new AttemptGate({ ...slowly, limit }),
    accounts: new AttemptGate({ limit: limit * MANY, windowMs: 24 * 60 * MINUTE_MS, thenEveryMs: MINUTE_MS }),
    addresses: new AttemptGate({ ...slowly, limit: limit * MANY, thenEveryMs: 2_000, mayWaitMs: 10_000 }),
  };
  return holder.__murphSignInGates;
}

/**
 * The account behind an e-mail address and a password, or null. A device on which this person has signed in before is
 * counted by itself, so that no stranger's guesses stand in its way; all others by account and address together, by
 * account, and by address. Throws AppError: rate-limited.
 */
export async function checkSignIn(input: unknown, address: string, device: KnownDevice): Promise<Proven | null> {
  const credentials = credentialsSchema.safeParse(input);
  if (!credentials.success) return null;
  const { email, password } = credentials.data;

  const account = normaliseEmail(email);
  const known = device.size > 0 ? device.get((await accountIdOf(email)) ?? "") : undefined;
  const { devices, places, accounts, addresses } = gates();
  return counting(
    known === undefined
      ? [
          [places, `${address} ${account}`],
          [accounts, account],
          [addresses, address],
        ]
      : [[devices, known]],
    async () => {
      const proven = await verifyCredentials(email, password);
      if (!proven) logger().info({ event: "sign-in-failed", knownDevice: known !== undefined }, "sign-in refused");
      return proven;
    },
  );
}

/** Goes through the gates one after the other and tells each the outcome. */
async function counting(
  [first, ...others]: (readonly [AttemptGate, string])[],
  attempt: () => Promise<Proven | null>,
): Promise<Proven | null> {
  if (!first) return attempt();
  const [gate, key] = first;
  const leave = await gate.enter(key);
  let failed = false;
  try {
    const proven = await counting(others, attempt);
    failed = proven === null;
    return proven;
  } finally {
    leave(failed);
  }
}
