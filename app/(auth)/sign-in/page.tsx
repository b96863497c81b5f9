import { CircleAlert } from "lucide-react";
import type { Metadata } from "next";
import { headers } from "next/headers";
import { redirect } from "next/navigation";
import { chooseLanguage } from "@/app/language";
import { requestViewpoint, requestWords } from "@/app/viewpoint";
import { Brand } from "@/components/shell/Brand";
import { LanguageSwitch } from "@/components/shell/LanguageSwitch";
import { UnsentHere } from "@/components/shell/UnsentHere";
import { signInErrorWords } from "@/lib/i18n/catalogue";
import { runtime } from "@/lib/runtime";
import { signInCsrfToken } from "@/lib/server/auth/csrf";
import { currentViewer } from "@/lib/server/auth/viewer";
import { publicOrigin } from "@/lib/server/http/origin";
import { pageAfterSignIn } from "@/lib/server/http/own-page";
import { DemoPeople } from "./DemoPeople";
import { SignInForm } from "./SignInForm";

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await requestWords()).signIn.title };
}

interface SignInPageProps {
  searchParams: Promise<Record<string, string | string[] | undefined>>;
}

export default async function SignInPage({ searchParams }: SignInPageProps) {
  const { error, callbackUrl } = await searchParams;
  const target = pageAfterSignIn(callbackUrl, publicOrigin(await headers()));
  if (await currentViewer()) redirect(target);

  const words = await requestWords();
  const hidden = { csrfToken: await signInCsrfToken(), callbackUrl: target };
  const demo = runtime().env.demoPeople;
  return (
    <main
      id="content"
      tabIndex={-1}
      data-wide={demo ? "" : undefined}
      className="mx-auto flex min-h-dvh w-full max-w-md flex-col px-4 py-6 outline-none sm:justify-center sm:py-10 lg:data-wide:max-w-4xl"
    >
      <header className="flex flex-wrap items-center justify-between gap-3">
        <Brand name={words.app.name} />
        <LanguageSwitch current={(await requestViewpoint()).locale} page="/sign-in" action={chooseLanguage} />
      </header>
      <h1 className="mt-8 text-2xl font-semibold tracking-tight">{words.signIn.welcome}</h1>
      <p className="mt-1 text-ink-soft">{words.signIn.intro}</p>
      {error === undefined ? null : (
        <p
          id="problem"
          role="alert"
          className="mt-5 flex gap-2.5 rounded-xl bg-danger-soft p-3.5 text-[0.9375rem] text-danger"
        >
          <CircleAlert aria-hidden="true" className="mt-0.5 size-5 shrink-0" />
          <span>{signInErrorWords(words, String(error))}</span>
        </p>
      )}
      <UnsentHere />
      <div className={demo ? "mt-6 grid grid-cols-1 items-start gap-6 lg:grid-cols-[1.2fr_1fr]" : "mt-6"}>
        {demo ? <DemoPeople words={words} hidden={hidden} /> : null}
        <SignInForm
          words={words}
          hidden={hidden}
          heading={demo ? words.signIn.ownAccount : null}
          refused={error !== undefined}
        />
      </div>
    </main>
  );
}
