import "server-only";
import { cookies, headers } from "next/headers";
import { isSecure } from "@/lib/server/http/origin";
import { csrfCookieName, readCsrfToken } from "./csrf-cookie";

/** Hidden field `csrfToken` of the sign-in and sign-out forms. proxy.ts saw to it that the page has the cookie. */
export async function signInCsrfToken(): Promise<string> {
  const name = csrfCookieName(isSecure(await headers()));
  const token = readCsrfToken((await cookies()).get(name)?.value);
  if (!token) throw new Error("The page was rendered without the cookie that proxy.ts sets");
  return token;
}
