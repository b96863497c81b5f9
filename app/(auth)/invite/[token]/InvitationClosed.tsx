import { Hourglass, TicketX } from "lucide-react";
import Link from "next/link";
import { requestWords } from "@/app/viewpoint";
import { buttonClass } from "@/components/ui/Button";
import { Notice } from "@/components/ui/Notice";

export type ClosedReason = "not-found" | "withdrawn" | "rate-limited";

/** The same for a link that was never given out, is used or has expired; one that was taken back says so. */
export async function InvitationClosed({ reason }: { reason: ClosedReason }) {
  const { invitation, signIn } = await requestWords();
  return (
    <main id="content" tabIndex={-1} className="grid min-h-dvh outline-none">
      {reason === "rate-limited" ? (
        <Notice icon={Hourglass} title={invitation.tooManyTitle} text={invitation.tooMany} headingLevel="h1" />
      ) : reason === "withdrawn" ? (
        <Notice icon={TicketX} title={invitation.withdrawnTitle} text={invitation.withdrawn} headingLevel="h1" />
      ) : (
        <Notice icon={TicketX} title={invitation.closedTitle} text={invitation.closed} headingLevel="h1">
          <Link href="/sign-in" className={buttonClass()}>
            <span>{signIn.submit}</span>
          </Link>
        </Notice>
      )}
    </main>
  );
}
