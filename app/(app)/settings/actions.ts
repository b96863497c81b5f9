"use server";

import { revalidatePath } from "next/cache";
import { cookies } from "next/headers";
import * as z from "zod";
import { requestViewpoint } from "@/app/viewpoint";
import type { AccountFormState } from "@/components/account/account-form";
import { VIEWER_FIELD } from "@/lib/protocol/viewer-header";
import { changePassword as change } from "@/lib/server/accounts/change-password";
import { passwordSchema } from "@/lib/server/accounts/create-user";
import { endOtherSessions } from "@/lib/server/accounts/sessions";
import { readDevice } from "@/lib/server/auth/device-cookie";
import { type ActionState, runAccountAction, runAction, textField } from "@/lib/server/http/action";
import { parseInput } from "@/lib/server/http/body";
import { countCall } from "@/lib/server/http/rate-limit";
import { changePreferences } from "@/lib/server/preferences/preferences";

/** Every switch of the form at once: a checkbox that is off is not posted. */
export async function savePreferences(_previous: unknown, form: FormData): Promise<ActionState> {
  const on = (name: string) => textField(form, name) !== "";
  return runAction({ id: "preferences", content: "", viewerId: textField(form, VIEWER_FIELD) }, async (claim) => {
    // Called by hand without a form it would read as everything off.
    parseInput(z.instanceof(FormData), form);
    await changePreferences(claim, {
      toasts: on("toasts"),
      browserNotifications: on("browserNotifications"),
      previewInNotifications: on("previewInNotifications"),
      sound: on("sound"),
      mail: on("mail"),
    });
  });
}

const passwordsSchema = z.object({
  current: z.string().min(1, "empty").max(1_000, "wrong"),
  password: passwordSchema,
});

/** Fields `current` and `password`. Signs out every other device. */
export async function changePassword(_previous: unknown, form: FormData): Promise<AccountFormState> {
  const fields = { current: textField(form, "current"), password: textField(form, "password") };
  const state = await runAccountAction(textField(form, VIEWER_FIELD), async (claim, { address }) => {
    const device = await readDevice(await cookies());
    const { locale } = await requestViewpoint();
    await change(claim, parseInput(passwordsSchema, fields), { address, device, locale });
  });
  revalidatePath("/settings");
  return state;
}

/** Field `ended`: the session of another device, or "others" for all of them. */
export async function signOutDevices(_previous: unknown, form: FormData): Promise<AccountFormState> {
  const fields = { ended: textField(form, "ended") };
  const state = await runAccountAction(textField(form, VIEWER_FIELD), async (claim) => {
    await countCall("changes", claim.userId);
    const { ended } = parseInput(z.object({ ended: z.union([z.literal("others"), z.uuid()]) }), fields);
    await endOtherSessions(claim, ended === "others" ? null : ended);
  });
  revalidatePath("/settings");
  return state;
}
