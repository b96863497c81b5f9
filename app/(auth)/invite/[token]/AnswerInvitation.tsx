import Link from "next/link";
import { Fragment } from "react";
import { requestWords } from "@/app/viewpoint";
import { buttonClass } from "@/components/ui/Button";
import type { User } from "@/lib/protocol/user";
import type { OpenInvitation } from "@/lib/server/invitations/accept-invitation";
import { InvitedTo } from "./InvitedTo";

interface AnswerInvitationProps {
  invitation: OpenInvitation;
  viewer: User | null;
}

/** Whoever has an account answers in their list: the link alone opens nothing of it. */
export async function AnswerInvitation({ invitation, viewer }: AnswerInvitationProps) {
  const { invitation: words } = await requestWords();
  if (viewer && viewer.id !== invitation.userId) {
    return (
      <Fragment>
        <InvitedTo invitation={invitation} how={words.otherPerson(viewer.name)} />
        <Link href="/settings" className={buttonClass({ look: "secondary" })}>
          <span>{words.toSettings}</span>
        </Link>
      </Fragment>
    );
  }
  return (
    <Fragment>
      <InvitedTo invitation={invitation} how={viewer ? words.answerHere : words.answer} />
      <Link href={viewer ? "/consultations" : "/sign-in?callbackUrl=/consultations"} className={buttonClass()}>
        <span>{viewer ? words.toConsultations : words.toAnswer}</span>
      </Link>
    </Fragment>
  );
}
