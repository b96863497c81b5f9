import type { Metadata } from "next";
import { headers } from "next/headers";
import { Fragment } from "react";
import { AuthPage } from "@/app/(auth)/AuthPage";
import { requestWords } from "@/app/viewpoint";
import { UnsentHere } from "@/components/shell/UnsentHere";
import { AppError } from "@/lib/server/app-error";
import { currentViewer } from "@/lib/server/auth/viewer";
import { clientAddress } from "@/lib/server/http/client-address";
import { type OpenInvitation, readInvitation } from "@/lib/server/invitations/accept-invitation";
import { AnswerInvitation } from "./AnswerInvitation";
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
    <AuthPage path={`/invite/${token}`} title={words.invitation.welcome}>
      {found.account ? (
        <AnswerInvitation invitation={found} viewer={viewer} />
      ) : (
        <Fragment>
          <InvitedTo invitation={found} how={words.invitation.choose} />
          {viewer ? (
            <p className="mt-5 rounded-xl bg-warning-soft p-3.5 text-[0.9375rem] text-warning">
              {words.invitation.signedInAs(viewer.name)}
            </p>
          ) : null}
          <UnsentHere />
          <InvitationForm token={token} name={found.name} email={found.email} action={acceptInvitation} />
        </Fragment>
      )}
    </AuthPage>
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
