import { TicketX } from "lucide-react";
import Link from "next/link";
import { requestWords } from "@/app/viewpoint";
import { buttonClass } from "@/components/ui/Button";
import { Notice } from "@/components/ui/Notice";

/** The same for a link that was never given out, is used or has expired. */
export default async function InvitationNotFound() {
  const { invitation, signIn } = await requestWords();
  return (
    <main id="content" className="grid min-h-dvh">
      <Notice icon={TicketX} title={invitation.closedTitle} text={invitation.closed} headingLevel="h1">
        <Link href="/sign-in" className={buttonClass()}>
          {signIn.submit}
        </Link>
      </Notice>
    </main>
  );
}
