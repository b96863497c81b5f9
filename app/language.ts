"use server";

import { cookies, headers } from "next/headers";
import { redirect } from "next/navigation";
import { type Locale, parseLocale } from "@/lib/i18n/locale";
import { currentClaim } from "@/lib/server/auth/viewer";
import { textField } from "@/lib/server/http/action";
import { publicOrigin } from "@/lib/server/http/origin";
import { ownPage } from "@/lib/server/http/own-page";
import { logger } from "@/lib/server/log";
import { setLocaleCookie } from "@/lib/server/preferences/locale-cookie";
import { changePreferences } from "@/lib/server/preferences/preferences";

/** Keeps the language of this browser, and of the person where one is signed in; works as a plain form. */
export async function chooseLanguage(_previous: unknown, form: FormData): Promise<never> {
  const locale = parseLocale(textField(form, "locale"));
  if (locale) {
    setLocaleCookie(await cookies(), locale);
    await saveForPerson(locale);
  }
  redirect(ownPage(textField(form, "page"), publicOrigin(await headers())) ?? "/");
}

/** For mails and for their next browser. Where that fails this browser speaks the chosen language all the same. */
async function saveForPerson(locale: Locale): Promise<void> {
  const claim = await currentClaim();
  if (!claim) return;
  await changePreferences(claim, { locale }).catch((error: unknown) => {
    logger().info({ err: error }, "language kept for this browser only");
  });
}
