import "server-only";
import { createTransport } from "nodemailer";
import type { SmtpMail } from "@/lib/env";
import { MailError, type MailFailure } from "./mail-error";

/** A call takes at most this long, well within the lease of the mail. */
const SEND_TIMEOUT_MS = 45_000;
const STEP_TIMEOUT_MS = 10_000;

interface SmtpMessage {
  /** The same for every attempt, so that a mail which was accepted twice can be recognised as one. */
  id: string;
  to: string;
  subject: string;
  text: string;
  createdAt: string;
}

export interface SmtpSender {
  /** Resolves once the server has accepted it. Throws MailError. */
  send(message: SmtpMessage): Promise<void>;
  close(): void;
}

/** Sends through a real mail server: one connection a mail, no retries of its own. */
export function createSmtpSender({ url, from }: Pick<SmtpMail, "url" | "from">): SmtpSender {
  const transport = createTransport({
    url,
    connectionTimeout: STEP_TIMEOUT_MS,
    greetingTimeout: STEP_TIMEOUT_MS,
    dnsTimeout: STEP_TIMEOUT_MS,
    socketTimeout: 2 * STEP_TIMEOUT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const domain = from.address.slice(from.address.lastIndexOf("@") + 1);

  return {
    async send({ id, to, createdAt, subject, text }) {
      try {
        await transport.sendMail({
          from,
          to: { name: "", address: to },
          subject,
          text,
          messageId: `<${id}@${domain}>`,
          date: new Date(createdAt),
          headers: { "Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All" },
          signal: AbortSignal.timeout(SEND_TIMEOUT_MS),
        });
      } catch (error) {
        throw new MailError(await reasonOf(error), describe(error));
      }
    },
    close: () => transport.close(),
  };

  /**
   * What a server says to a recipient or to a text is about this mail. For anything else it is asked whether it works:
   * if it does, it was this mail that it choked on, and the others must not wait behind it for ever.
   */
  async function reasonOf(error: unknown): Promise<MailFailure> {
    const { command, responseCode } = error as { command?: unknown; responseCode?: unknown };
    if (typeof responseCode === "number") {
      if (command === "RCPT TO") return responseCode >= 500 ? "refused" : "later";
      if (command === "DATA") return "later";
    }
    const works = await transport.verify().catch(() => false);
    return works ? "later" : "provider";
  }
}

function describe(error: unknown): string {
  const { code, command, responseCode } = error as Record<string, unknown>;
  return [code, command, responseCode].filter((part) => typeof part === "string" || typeof part === "number").join(" ");
}
