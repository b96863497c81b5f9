"use server";

import * as z from "zod";
import { requestViewpoint } from "@/app/viewpoint";
import type { AccountFormState } from "@/components/account/account-form";
import { emailSchema } from "@/lib/protocol/email";
import { requestPasswordReset } from "@/lib/server/accounts/forgotten-password";
import { runOpenAction, textField } from "@/lib/server/http/action";
import { parseInput } from "@/lib/server/http/body";

/** Field `email`. The answer is the same whether there is such an account or not. */
export async function requestReset(_previous: unknown, form: FormData): Promise<AccountFormState> {
  const fields = { email: textField(form, "email") };
  return runOpenAction(async ({ address }) => {
    const { email } = parseInput(z.object({ email: emailSchema }), fields);
    await requestPasswordReset(email, address, (await requestViewpoint()).locale);
  });
}
