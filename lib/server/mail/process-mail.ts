import "server-only";
import { runtime } from "@/lib/runtime";
import { logger } from "@/lib/server/log";
import { isTokenOf, MAIL_TOKEN_PLACE, mailToken } from "@/lib/server/mail-tokens/mail-token";
import type { OutgoingMail } from "./compose-mail";
import { MailError } from "./mail-error";
import { type ClaimedMail, recordSent, simulateSending } from "./mail-queue";
import { createMailer, type DeliverMail, type Mailer, type MailReport, type MailSweep } from "./mailer";
import { createSmtpSender } from "./smtp";

// One mailer a process, whichever copy of this module started it.
const holder = globalThis as { __murphMailer?: Mailer };

/** Starts to plan and send mail in this process. Starting twice is an error. */
export function startMail(): { stop(): Promise<void> } {
  if (holder.__murphMailer) throw new Error("Mail is already being sent by this process");
  const { mailer, close } = mailerOf();
  holder.__murphMailer = mailer;
  mailer.start();
  return {
    async stop() {
      if (holder.__murphMailer === mailer) delete holder.__murphMailer;
      await mailer.stop();
      close();
    },
  };
}

/** Plans and sends what is due: for cron hosts and tests. */
export async function mailSweepOnce(): Promise<MailSweep> {
  const { mailer, close } = mailerOf();
  try {
    return await mailer.sweepOnce();
  } finally {
    close();
  }
}

function mailerOf(): { mailer: Mailer; close(): void } {
  const { mail } = runtime().env;
  if (mail.kind === "simulated") return { mailer: createMailer(simulate, log), close: () => undefined };
  const smtp = createSmtpSender(mail);
  const deliver: DeliverMail = async (claimed, outgoing) => {
    await smtp.send({ ...claimed, ...withToken(claimed, outgoing) });
    if (!(await recordSent(claimed))) log({ kind: "taken-over", mailId: claimed.id });
  };
  return { mailer: createMailer(deliver, log), close: smtp.close };
}

/** The mailbox that is kept: its links have no token, /dev puts it in. */
async function simulate(claimed: ClaimedMail, outgoing: OutgoingMail): Promise<void> {
  await simulateSending(claimed, outgoing);
}

/** A link with a token is complete only on its way to the provider. */
function withToken({ link }: ClaimedMail, outgoing: OutgoingMail): OutgoingMail {
  if (!link) return outgoing;
  const token = mailToken(link.id);
  // Made under another NEXTAUTH_SECRET: this link would lead nowhere.
  if (!isTokenOf(token, link.tokenHash)) throw new MailError("refused", "secret-changed");
  return { ...outgoing, text: outgoing.text.replaceAll(MAIL_TOKEN_PLACE, token) };
}

function log(report: MailReport): void {
  const { kind, ...facts } = report;
  const line = "error" in facts ? { ...facts, error: undefined, err: facts.error } : facts;
  // Loud: nothing repairs it by itself.
  logger()[kind === "parked" ? "error" : "warn"](line, REPORTS[kind]);
}

const REPORTS: Record<MailReport["kind"], string> = {
  "sweep-failed": "mail sweep failed, trying again",
  "provider-away":
    "the mail server cannot be reached or refuses us: check SMTP_URL and MAIL_FROM. Mails wait, nothing is lost",
  "provider-back": "the mail server takes mail again",
  "taken-over": "sent, but another process has taken this mail over: it may arrive twice, under one Message-ID",
  postponed: "the mail server did not take this mail, trying again later",
  parked: "this mail was given up: the mail server refuses it or it failed too often",
};
