"use server";

import * as z from "zod";
import { VIEWER_FIELD } from "@/lib/protocol/viewer-header";
import { type ActionState, runAction, textField } from "@/lib/server/http/action";
import { parseInput } from "@/lib/server/http/body";
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
