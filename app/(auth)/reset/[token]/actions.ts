"use server";

import { redirect } from "next/navigation";
import * as z from "zod";
import { requestViewpoint } from "@/app/viewpoint";
import type { AccountFormState } from "@/components/account/account-form";
import { passwordSchema } from "@/lib/server/accounts/create-user";
import { resetPassword } from "@/lib/server/accounts/forgotten-password";
import { signInHere } from "@/lib/server/auth/sign-in-here";
import { runOpenAction, textField } from "@/lib/server/http/action";
import { parseInput } from "@/lib/server/http/body";

/** Fields `token`, `password`. Signs in: whoever reads the mailbox has proven who they are. */
export async function setPassword(_previous: unknown, form: FormData): Promise<AccountFormState> {
  const token = textField(form, "token");
  const fields = { password: textField(form, "password") };
  const state = await runOpenAction(async ({ address }) => {
    const { password } = parseInput(z.object({ password: passwordSchema }), fields);
    const { locale } = await requestViewpoint();
    const { userId, proof } = await resetPassword(token, password, address, locale);
    await signInHere(userId, proof);
  });
  if (state.status === "done") redirect("/consultations");
  return state;
}
