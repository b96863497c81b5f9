import { ChevronLeft } from "lucide-react";
import type { Metadata } from "next";
import { chooseLanguage } from "@/app/language";
import { requireViewer } from "@/app/viewer";
import { requestViewpoint, requestWords } from "@/app/viewpoint";
import { DeviceList } from "@/components/account/DeviceList";
import { deviceParts } from "@/components/account/device-name";
import { PasswordForm } from "@/components/account/PasswordForm";
import { PreferencesForm } from "@/components/settings/PreferencesForm";
import { LanguageSwitch } from "@/components/shell/LanguageSwitch";
import { SignOut } from "@/components/shell/SignOut";
import { PageLink } from "@/components/ui/PageLink";
import { PersonAvatar } from "@/components/ui/PersonAvatar";
import { PersonName } from "@/components/ui/PersonName";
import { runtime } from "@/lib/runtime";
import { readOwnEmail } from "@/lib/server/accounts/own-email";
import { listSessions } from "@/lib/server/accounts/sessions";
import { signInCsrfToken } from "@/lib/server/auth/csrf";
import { mailMode } from "@/lib/server/mail/mail-mode";
import { readPreferences } from "@/lib/server/preferences/preferences";
import { changePassword, savePreferences, signOutDevices } from "./actions";

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await requestWords()).settings.title };
}

export default async function SettingsPage() {
  const { claim, viewer } = await requireViewer("/settings");
  const { locale } = await requestViewpoint();
  const words = await requestWords();
  const devices = (await listSessions(claim)).map(({ userAgent, ...device }) => ({
    ...device,
    name: deviceParts(userAgent),
  }));
  return (
    <main id="content" tabIndex={-1} className="mx-auto min-h-dvh w-full max-w-xl px-4 py-4 sm:py-10 outline-none">
      <header className="flex items-center gap-1">
        <PageLink href="/consultations" aria-label={words.list.back} className="icon-button -ml-2 hover:bg-hover">
          <ChevronLeft aria-hidden="true" className="size-6" />
        </PageLink>
        <h1 className="wrap-anywhere min-w-0 hyphens-auto font-semibold text-xl tracking-tight">
          {words.settings.title}
        </h1>
      </header>
      <section aria-labelledby="account" className="mt-5 rounded-2xl bg-surface p-5 shadow-card">
        <h2 id="account" className="font-semibold">
          {words.settings.account}
        </h2>
        <div className="mt-3 flex flex-wrap items-center gap-3">
          <PersonAvatar person={viewer} size="large" />
          <div className="min-w-0 grow">
            <p className="text-ink-soft text-sm">{words.settings.signedInAs}</p>
            <p className="font-medium">
              <PersonName name={viewer.name} role={viewer.role} />
            </p>
          </div>
          <SignOut csrfToken={await signInCsrfToken()} />
        </div>
      </section>
      <section aria-labelledby="notifications" className="mt-4 rounded-2xl bg-surface p-5 shadow-card">
        <h2 id="notifications" className="font-semibold">
          {words.preferences.title}
        </h2>
        <p className="mt-0.5 mb-2 text-pretty text-ink-soft text-sm">{words.preferences.intro}</p>
        <PreferencesForm
          viewerId={viewer.id}
          initial={await readPreferences(claim)}
          mail={mailMode(runtime().env)}
          action={savePreferences}
        />
      </section>
      <section aria-labelledby="language" className="mt-4 rounded-2xl bg-surface p-5 shadow-card">
        <h2 id="language" className="mb-3 font-semibold">
          {words.language.label}
        </h2>
        <LanguageSwitch current={locale} page="/settings" action={chooseLanguage} />
      </section>
      <section aria-labelledby="password" className="mt-4 rounded-2xl bg-surface p-5 shadow-card">
        <h2 id="password" className="font-semibold">
          {words.account.password}
        </h2>
        <p className="mt-0.5 text-pretty text-ink-soft text-sm">{words.account.passwordIntro}</p>
        <PasswordForm viewerId={viewer.id} email={await readOwnEmail(claim)} action={changePassword} />
      </section>
      <section aria-labelledby="devices" className="mt-4 rounded-2xl bg-surface p-5 shadow-card">
        <h2 id="devices" className="font-semibold">
          {words.account.devices}
        </h2>
        <p className="mt-0.5 text-pretty text-ink-soft text-sm">{words.account.devicesIntro}</p>
        <DeviceList viewerId={viewer.id} devices={devices} action={signOutDevices} />
      </section>
    </main>
  );
}
