import type { Metadata } from "next";
import { headers } from "next/headers";
import { chooseLanguage } from "@/app/language";
import { requestViewpoint, requestWords } from "@/app/viewpoint";
import { Brand } from "@/components/shell/Brand";
import { LanguageSwitch } from "@/components/shell/LanguageSwitch";
import { UnsentHere } from "@/components/shell/UnsentHere";
import { AppError } from "@/lib/server/app-error";
import { currentViewer } from "@/lib/server/auth/viewer";
import { clientAddress } from "@/lib/server/http/client-address";
import { type OpenInvitation, readInvitation } from "@/lib/server/invitations/accept-invitation";
import { acceptInvitation } from "./actions";
import { type ClosedReason, InvitationClosed } from "./InvitationClosed";
import { InvitationForm } from "./InvitationForm";
import { InvitedTo } from "./InvitedTo";

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await requestWords()).invitation.title };
}

export default async function InvitationPage({ params }: { params: Promise<{ token: string }> }) {
  const { token } = await params;
  const words = await requestWords();
  const found = await invitationOf(token);
  if (typeof found === "string") return <InvitationClosed reason={found} />;
  const viewer = await currentViewer();
  return (
    <main
      id="content"
      tabIndex={-1}
      className="mx-auto flex min-h-dvh w-full max-w-md flex-col px-4 py-6 sm:justify-center sm:py-10 outline-none"
    >
      <header className="flex flex-wrap items-center justify-between gap-3">
        <Brand name={words.app.name} />
        <LanguageSwitch current={(await requestViewpoint()).locale} page={`/invite/${token}`} action={chooseLanguage} />
      </header>
      <h1 className="mt-8 font-semibold text-2xl tracking-tight">{words.invitation.welcome}</h1>
      <InvitedTo invitation={found} />
      {viewer ? (
        <p className="mt-5 rounded-xl bg-warning-soft p-3.5 text-[0.9375rem] text-warning">
          {words.invitation.signedInAs(viewer.name)}
        </p>
      ) : null}
      <UnsentHere />
      <InvitationForm token={token} name={found.name} email={found.email} action={acceptInvitation} />
    </main>
  );
}

/** Not as "not found": Next shows such a page by script only. */
async function invitationOf(token: string): Promise<OpenInvitation | ClosedReason> {
  try {
    return await readInvitation(token, clientAddress(await headers()));
  } catch (error) {
    if (error instanceof AppError && error.details.reason === "withdrawn") return "withdrawn";
    if (error instanceof AppError && (error.code === "not-found" || error.code === "rate-limited")) return error.code;
    throw error;
  }
}
