import { chooseLanguage } from "@/app/language";
import { requestViewpoint, requestWords } from "@/app/viewpoint";
import { Brand } from "@/components/shell/Brand";
import { LanguageSwitch } from "@/components/shell/LanguageSwitch";
import type { Parts } from "@/lib/jsx/content";

interface AuthPageProps {
  /** Its own address, to come back to in another language. */
  path: string;
  title: string;
  children: Parts;
}

/** A narrow page for somebody who is not signed in. */
export async function AuthPage({ path, title, children }: AuthPageProps) {
  const words = await requestWords();
  return (
    <main
      id="content"
      tabIndex={-1}
      className="mx-auto flex min-h-dvh w-full max-w-md flex-col px-4 py-6 outline-none sm:justify-center sm:py-10"
    >
      <header className="flex flex-wrap items-center justify-between gap-3">
        <Brand name={words.app.name} />
        <LanguageSwitch current={(await requestViewpoint()).locale} page={path} action={chooseLanguage} />
      </header>
      <h1 className="wrap-anywhere mt-8 hyphens-auto font-semibold text-2xl tracking-tight">{title}</h1>
      {children}
    </main>
  );
}
