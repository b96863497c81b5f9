import { Hourglass, TicketX } from "lucide-react";
import type { Metadata } from "next";
import { headers } from "next/headers";
import Link from "next/link";
import { AuthPage } from "@/app/(auth)/AuthPage";
import { requestWords } from "@/app/viewpoint";
import { ResetForm } from "@/components/account/ResetForm";
import { UnsentHere } from "@/components/shell/UnsentHere";
import { buttonClass } from "@/components/ui/Button";
import { Notice } from "@/components/ui/Notice";
import { readPasswordReset } from "@/lib/server/accounts/forgotten-password";
import { AppError } from "@/lib/server/app-error";
import { currentViewer } from "@/lib/server/auth/viewer";
import { clientAddress } from "@/lib/server/http/client-address";
import { setPassword } from "./actions";

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await requestWords()).account.resetTitle };
}

export default async function ResetPage({ params }: { params: Promise<{ token: string }> }) {
  const { token } = await params;
  const { account } = await requestWords();
  const found = await resetOf(token);
  if (typeof found === "string") return <ResetClosed reason={found} />;
  const viewer = await currentViewer();
  return (
    <AuthPage path={`/reset/${token}`} title={account.resetTitle}>
      <p className="mt-1 text-pretty text-ink-soft">{account.resetIntro}</p>
      {viewer ? (
        <p className="mt-5 rounded-xl bg-warning-soft p-3.5 text-[0.9375rem] text-warning">
          {account.signedInAs(viewer.name)}
        </p>
      ) : null}
      <UnsentHere />
      <ResetForm token={token} email={found.email} action={setPassword} />
    </AuthPage>
  );
}

type ClosedReason = "not-found" | "rate-limited";

/** The same for a link that never was, is used or has expired. */
async function ResetClosed({ reason }: { reason: ClosedReason }) {
  const { account, invitation } = await requestWords();
  return (
    <main id="content" tabIndex={-1} className="grid min-h-dvh outline-none">
      {reason === "rate-limited" ? (
        <Notice icon={Hourglass} title={invitation.tooManyTitle} text={invitation.tooMany} headingLevel="h1" />
      ) : (
        <Notice icon={TicketX} title={account.closedTitle} text={account.closed} headingLevel="h1">
          <Link href="/forgot-password" className={buttonClass()}>
            <span>{account.askAgain}</span>
          </Link>
          <Link href="/sign-in" className={buttonClass({ look: "secondary" })}>
            <span>{account.toSignIn}</span>
          </Link>
        </Notice>
      )}
    </main>
  );
}

async function resetOf(token: string): Promise<{ email: string } | ClosedReason> {
  try {
    return await readPasswordReset(token, clientAddress(await headers()));
  } catch (error) {
    if (error instanceof AppError && (error.code === "not-found" || error.code === "rate-limited")) return error.code;
    throw error;
  }
}
