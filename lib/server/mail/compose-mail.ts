import "server-only";
import { emailSchema } from "@/lib/protocol/email";
import { runtime } from "@/lib/runtime";
import { INVITATION_TOKEN_PLACE } from "@/lib/server/invitations/invitation-token";
import { MailError } from "./mail-error";
import type { ClaimedMail } from "./mail-queue";

interface MailText {
  subject: string;
  text: string;
}

/** Where the token of an invitation belongs, its text has INVITATION_TOKEN_PLACE. */
export interface OutgoingMail extends MailText {
  to: string;
}

type Language = "de" | "en";

/**
 * The words of mails. They may lie on a screen for others to read: no word of a message, no name, no speciality, and
 * nothing that a person typed (ATK86).
 */
const WORDS: Record<Language, Record<ClaimedMail["kind"], (links: Links) => MailText>> = {
  en: {
    "new-message": ({ page, settings }) => ({
      subject: "New message",
      text: `Hello,

there is a new message for you. Read it here:

${page}

For your protection this mail says nothing of what was written.
You can switch these mails off: ${settings}
`,
    }),
    invitation: ({ page, until }) => ({
      subject: "Your invitation",
      text: `Hello,

you are invited to a consultation in writing. Choose a password here to take part:

${page}

The link works once, until ${until}. Please do not pass it on: it opens your account.
If you do not expect an invitation, you need not do anything.
`,
    }),
  },
  de: {
    "new-message": ({ page, settings }) => ({
      subject: "Neue Nachricht",
      text: `Guten Tag,

es gibt eine neue Nachricht für Sie. Hier können Sie sie lesen:

${page}

Zu Ihrem Schutz steht in dieser E-Mail nichts davon.
Diese E-Mails können Sie abschalten: ${settings}
`,
    }),
    invitation: ({ page, until }) => ({
      subject: "Ihre Einladung",
      text: `Guten Tag,

Sie sind zu einer schriftlichen Sprechstunde eingeladen. Wählen Sie hier ein Passwort, um teilzunehmen:

${page}

Der Link gilt einmal und bis ${until}. Bitte geben Sie ihn nicht weiter: er öffnet Ihr Konto.
Wenn Sie keine Einladung erwarten, müssen Sie nichts tun.
`,
    }),
  },
};

interface Links {
  page: string;
  settings: string;
  until: string;
}

/** Puts a mail together. Throws MailError where there is nobody it could go to. */
export function composeMail({ kind, to, locale, consultationId, invitation }: ClaimedMail): OutgoingMail {
  // Judged again: an account may have come into the database in another way than through our forms (ATK82).
  const address = emailSchema.safeParse(to);
  if (!address.success) throw new MailError("refused", "not-an-address");
  const language = locale ?? "en";
  const baseUrl = ownUrl();
  const path = invitation ? `/invite/${INVITATION_TOKEN_PLACE}` : `/consultations/${consultationId}`;
  const words = WORDS[language][kind]({
    page: `${baseUrl}${path}`,
    settings: `${baseUrl}/settings`,
    until: invitation ? dayOf(invitation.expiresAt, language) : "",
  });
  return { to: address.data, ...words };
}

/**
 * Never from a request: whoever chose its Host would choose where the links lead (ATK81). Real mail requires it in the
 * environment; of a simulated one only the paths matter.
 */
function ownUrl(): string {
  return new URL(runtime().env.nextAuthUrl ?? "http://localhost:3000").origin;
}

/** The reader's zone is not known: a day is enough, and UTC's is at most some hours early or late. */
function dayOf(time: string, language: Language): string {
  return new Intl.DateTimeFormat(language === "en" ? "en-GB" : language, { dateStyle: "long", timeZone: "UTC" }).format(
    new Date(time),
  );
}
