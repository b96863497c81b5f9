"use server";

import { cookies } from "next/headers";
import { redirect } from "next/navigation";
import { LOCALE_COOKIE, parseLocale } from "@/lib/i18n/locale";

const PAGES = ["/sign-in", "/settings"];

/** Keeps the language of this browser in a cookie; works as a plain form. */
export async function chooseLanguage(form: FormData): Promise<void> {
  const locale = parseLocale(form.get("locale"));
  if (locale) {
    (await cookies()).set(LOCALE_COOKIE, locale, { path: "/", maxAge: 31_536_000, sameSite: "lax", httpOnly: true });
  }
  const page = form.get("page");
  redirect(PAGES.find((known) => known === page) ?? "/");
}
