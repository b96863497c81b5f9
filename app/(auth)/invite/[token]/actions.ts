"use server";

import { headers } from "next/headers";
import { redirect } from "next/navigation";
import { AppError } from "@/lib/server/app-error";
import { signInHere } from "@/lib/server/auth/sign-in-here";
import { textField } from "@/lib/server/http/action";
import { parseInput } from "@/lib/server/http/body";
import { clientAddress } from "@/lib/server/http/client-address";
import { describeRefusal } from "@/lib/server/http/error-response";
import { requireOwnOrigin } from "@/lib/server/http/origin";
import { acceptInvitation as accept, acceptInvitationSchema } from "@/lib/server/invitations/accept-invitation";
import type { InvitationState } from "./invitation-state";

/** Fields `token`, `name`, `password`. Signs in and leads to the consultation; works as a plain form. */
export async function acceptInvitation(_previous: unknown, form: FormData): Promise<InvitationState> {
  const token = textField(form, "token");
  const name = textField(form, "name");
  const requestHeaders = await headers();
  let target: string;
  try {
    requireOwnOrigin(requestHeaders, true);
    const input = parseInput(acceptInvitationSchema, { name, password: textField(form, "password") });
    const { userId, consultationId } = await accept(token, input, clientAddress(requestHeaders));
    await signInHere(userId);
    target = `/consultations/${consultationId}`;
  } catch (error) {
    const { code } = describeRefusal(error, requestHeaders);
    const { fields, reason } = error instanceof AppError ? error.details : {};
    const withdrawn = reason === "withdrawn";
    return { status: "refused", name, code, withdrawn, fields: (fields as Record<string, string> | undefined) ?? {} };
  }
  redirect(target);
}
