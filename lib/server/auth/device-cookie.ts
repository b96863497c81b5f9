import "server-only";
import { randomUUID } from "node:crypto";
import { decode, encode } from "next-auth/jwt";
import * as z from "zod";
import { runtime } from "@/lib/runtime";

/** As with the session's cookie: where NEXTAUTH_URL says https only the pinned one is believed. */
const DEVICE_COOKIES = ["__Host-murph-device", "murph-device"] as const;
/** Its key is another than that of any token with which somebody is signed in. */
const SALT = "murph device";
const KEPT_SECONDS = 180 * 24 * 3_600;
/** A tablet at the front desk has many owners, a cookie only so much room. */
const MAX_PEOPLE = 8;

const tokenSchema = z.object({ known: z.array(z.tuple([z.uuidv4(), z.uuidv4()])).max(MAX_PEOPLE) });

/** Who has signed in on this device, and the number under which it counts for each of them. */
export type KnownDevice = ReadonlyMap<string, string>;

interface CookieJar {
  get(name: string): { value: string } | undefined;
}

/** Opens nothing by itself: whoever has it is only not counted among the strangers who guess a person's password. */
export async function readDevice(cookies: CookieJar): Promise<KnownDevice> {
  const { env, nextAuthSecret } = runtime();
  const pinned = env.nextAuthUrl?.startsWith("https:");
  for (const name of pinned ? DEVICE_COOKIES.slice(0, 1) : DEVICE_COOKIES) {
    const token = cookies.get(name)?.value;
    if (!token) continue;
    try {
      return new Map(tokenSchema.parse(await decode({ token, secret: nextAuthSecret, salt: SALT })).known);
    } catch {
      // Tampered, expired or of another installation: the same as none.
    }
  }
  return new Map();
}

/** What a device is given at each successful sign-in. Signing out leaves it there. */
export async function deviceCookie(device: KnownDevice, userId: string, secure: boolean) {
  const others = [...device].filter(([id]) => id !== userId).slice(1 - MAX_PEOPLE);
  const known = [...others, [userId, randomUUID()]];
  const value = await encode({
    token: { known },
    secret: runtime().nextAuthSecret,
    salt: SALT,
    maxAge: KEPT_SECONDS,
  });
  const options = { httpOnly: true, sameSite: "lax", path: "/", secure, maxAge: KEPT_SECONDS } as const;
  return { name: DEVICE_COOKIES[secure ? 0 : 1], value, options };
}

/** The same for an answer that is not ours to take apart. */
export async function appendDeviceCookie(
  headers: Headers,
  device: KnownDevice,
  userId: string,
  secure: boolean,
): Promise<void> {
  const { name, value } = await deviceCookie(device, userId, secure);
  const attributes = `Path=/; Max-Age=${KEPT_SECONDS}; HttpOnly; SameSite=lax${secure ? "; Secure" : ""}`;
  headers.append("Set-Cookie", `${name}=${value}; ${attributes}`);
}
