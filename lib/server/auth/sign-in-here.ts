import "server-only";
import { cookies, headers } from "next/headers";
import { encode } from "next-auth/jwt";
import { runtime } from "@/lib/runtime";
import { openSession, SESSION_SECONDS } from "@/lib/server/accounts/sessions";
import { isSecure } from "@/lib/server/http/origin";
import { readToken, SESSION_COOKIES } from "./claim-cookie";
import { deviceCookie, readDevice } from "./device-cookie";

/**
 * Signs this browser in after a proof other than a password, with the same cookie as next-auth's: a new session, and
 * whoever was signed in here before is not any more. `proof`: the hash of the password that they have set just now.
 */
export async function signInHere(userId: string, proof: string | null = null): Promise<void> {
  const requestHeaders = await headers();
  const jar = await cookies();
  const replaced = (await readToken(jar))?.claim.sessionId;
  const { sessionId } = await openSession(userId, { proof, userAgent: requestHeaders.get("user-agent"), replaced });
  const token = await encode({
    token: { sessionId, userId },
    secret: runtime().nextAuthSecret,
    maxAge: SESSION_SECONDS,
  });
  const secure = isSecure(requestHeaders);
  const [pinned, plain] = SESSION_COOKIES;
  const device = await deviceCookie(await readDevice(jar), userId, secure);
  jar.set(device.name, device.value, device.options);
  jar.set(secure ? pinned : plain, token, {
    httpOnly: true,
    sameSite: "lax",
    path: "/",
    secure,
    maxAge: SESSION_SECONDS,
  });
}
