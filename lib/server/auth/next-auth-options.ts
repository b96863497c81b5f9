import "server-only";
import type { AuthOptions } from "next-auth";
import CredentialsProvider from "next-auth/providers/credentials";
import * as z from "zod";
import { runtime } from "@/lib/runtime";
import { endSession, openSession, SESSION_SECONDS } from "@/lib/server/accounts/sessions";
import { ownPage } from "@/lib/server/http/own-page";
import { logger } from "@/lib/server/log";
import type { KnownDevice } from "./device-cookie";
import { checkSignIn } from "./sign-in";

const sessionTokenSchema = z.object({ sessionId: z.uuidv4() });

interface AuthCall {
  origin: string;
  secure: boolean;
  address: string;
  device: KnownDevice;
  userAgent: string | null;
  /** The session that this browser had so far. */
  replaced: string | null;
  /** next-auth turns a throw below it into a redirect or swallows it: the route hears of it here and throws it anew. */
  onError(error: unknown): void;
  onSignedIn(userId: string): void;
}

/** next-auth for one request: credentials in, a token that names a session row out, and nothing else. */
export function nextAuthOptions(call: AuthCall): AuthOptions {
  const { origin, secure, address, device, userAgent, replaced, onError, onSignedIn } = call;
  let proof: string | null = null;
  const reporting = async <Value>(work: () => Promise<Value>): Promise<Value> => {
    try {
      return await work();
    } catch (error) {
      onError(error);
      throw error;
    }
  };

  return {
    secret: runtime().nextAuthSecret,
    session: { strategy: "jwt", maxAge: SESSION_SECONDS },
    jwt: { maxAge: SESSION_SECONDS },
    useSecureCookies: secure,
    ...(secure && {
      cookies: {
        sessionToken: {
          name: "__Host-next-auth.session-token",
          options: { httpOnly: true, sameSite: "lax", path: "/", secure: true },
        },
      },
    }),
    pages: { signIn: "/sign-in", signOut: "/sign-in", error: "/sign-in" },
    providers: [
      CredentialsProvider({
        credentials: { email: { type: "email" }, password: { type: "password" } },
        authorize: (credentials) =>
          reporting(async () => {
            const proven = await checkSignIn(credentials, address, device);
            proof = proven?.proof ?? null;
            return proven?.user ?? null;
          }),
      }),
    ],
    callbacks: {
      redirect: async ({ url }) => `${origin}${ownPage(url, origin) ?? ""}`,
      jwt: async ({ user }) =>
        reporting(async () => {
          const { sessionId } = await openSession(user.id, { userAgent, proof, replaced });
          onSignedIn(user.id);
          return { sessionId, userId: user.id };
        }),
    },
    events: {
      signOut: async ({ token }) => {
        const claimed = sessionTokenSchema.safeParse(token);
        if (claimed.success) await reporting(() => endSession(claimed.data.sessionId));
      },
    },
    logger: {
      error: (code) => logger().info({ code }, "next-auth"),
      warn: (code) => logger().debug({ code }, "next-auth"),
      debug: () => {},
    },
  };
}
