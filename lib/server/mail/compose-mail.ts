import "server-only";
import { emailSchema } from "@/lib/protocol/email";
import { runtime } from "@/lib/runtime";
import { MAIL_TOKEN_PLACE } from "@/lib/server/mail-tokens/mail-token";
import { MailError } from "./mail-error";
import type { ClaimedMail } from "./mail-queue";

interface MailText {
  subject: string;
  text: string;
}

/** Where the token of a link belongs, its text has MAIL_TOKEN_PLACE. */
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

you are asked to take part in a consultation in writing. See here who asks, and answer:

${page}

The link works until ${until}. Please do not pass it on: if you have no account yet, it makes yours.
If you do not expect this, you need not do anything.
`,
    }),
    "password-reset": ({ page }) => ({
      subject: "Your new password",
      text: `Hello,

somebody has asked for a new password for your account. Choose it here:

${page}

The link works once, for one hour. Please do not pass it on: it opens your account.
If it was not you, you need not do anything: your password stays as it is.
`,
    }),
    "password-changed": ({ page }) => ({
      subject: "Your password was changed",
      text: `Hello,

the password of your account was changed, and all other devices were signed out.
If it was you, you need not do anything. If not, choose a new one at once:

${page}
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

Sie werden um eine schriftliche Sprechstunde gebeten. Hier sehen Sie, von wem, und können antworten:

${page}

Der Link gilt bis ${until}. Bitte geben Sie ihn nicht weiter: Wenn Sie noch kein Konto haben, legt er Ihres an.
Wenn Sie das nicht erwarten, müssen Sie nichts tun.
`,
    }),
    "password-reset": ({ page }) => ({
      subject: "Ihr neues Passwort",
      text: `Guten Tag,

jemand hat ein neues Passwort für Ihr Konto angefordert. Wählen Sie es hier:

${page}

Der Link gilt einmal und eine Stunde lang. Bitte geben Sie ihn nicht weiter: er öffnet Ihr Konto.
Wenn Sie es nicht waren, müssen Sie nichts tun: Ihr Passwort bleibt, wie es ist.
`,
    }),
    "password-changed": ({ page }) => ({
      subject: "Ihr Passwort wurde geändert",
      text: `Guten Tag,

das Passwort Ihres Kontos wurde geändert, und alle anderen Geräte wurden abgemeldet.
Wenn Sie es waren, müssen Sie nichts tun. Wenn nicht, wählen Sie sofort ein neues:

${page}
`,
    }),
  },
};

interface Links {
  page: string;
  settings: string;
  until: string;
}

const PAGES: Record<ClaimedMail["kind"], (consultationId: string | null) => string> = {
  "new-message": (consultationId) => `/consultations/${consultationId}`,
  invitation: () => `/invite/${MAIL_TOKEN_PLACE}`,
  "password-reset": () => `/reset/${MAIL_TOKEN_PLACE}`,
  "password-changed": () => "/forgot-password",
};

/** Puts a mail together. Throws MailError where there is nobody it could go to. */
export function composeMail({ kind, to, locale, consultationId, link }: ClaimedMail): OutgoingMail {
  // Judged again: an account may have come into the database in another way than through our forms (ATK82).
  const address = emailSchema.safeParse(to);
  if (!address.success) throw new MailError("refused", "not-an-address");
  const language = locale ?? "en";
  const baseUrl = ownUrl();
  const words = WORDS[language][kind]({
    page: `${baseUrl}${PAGES[kind](consultationId)}`,
    settings: `${baseUrl}/settings`,
    until: link ? dayOf(link.expiresAt, language) : "",
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
