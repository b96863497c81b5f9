import "server-only";
import { runtime } from "@/lib/runtime";
import { composeMail, type OutgoingMail } from "./compose-mail";
import { MailError } from "./mail-error";
import { type ClaimedMail, claimMails, planMail, pruneMail, recordFailure } from "./mail-queue";

/**
 * Writes to people who are away, driven by the log alone: neither Pusher nor any request takes part. Two steps, each
 * safe to run in any number of processes and to be cut off anywhere. Planning turns what has stayed unread into mails,
 * in one transaction. Sending takes mails by a lease and hands them to the provider. A simulated mail is handed over
 * and recorded in one transaction; a real one may be accepted twice after a crash in between, under one Message-ID.
 */

const CLAIMED_AT_ONCE = 5;
/** A process that was frozen sends nothing from a lease that may have ended. */
const TRUST_LEASE_MS = 60_000;
const SWEEP_EVERY_MS = 2_000;
const KEEP_HOUSE_EVERY_MS = 3_600_000;
const OUTAGE_PAUSE_MS = { first: 5_000, most: 60_000 };

/** Resolves once the mail is sent and recorded. Throws MailError where the provider did not take it. */
export type DeliverMail = (mail: ClaimedMail, outgoing: OutgoingMail) => Promise<void>;

export type MailReport =
  | { kind: "sweep-failed"; error: unknown }
  | { kind: "provider-away"; error: unknown }
  | { kind: "provider-back" }
  | { kind: "taken-over"; mailId: string }
  | { kind: "postponed"; mailId: string; error: unknown }
  | { kind: "parked"; mailId: string; error?: unknown };

export interface MailSweep {
  planned: number;
  sent: number;
}

export interface Mailer {
  /** One sweep now, then one after each pause. */
  start(): void;
  /** Ends when what was begun is finished. */
  stop(): Promise<void>;
  /** Plans and sends until nothing is left that is due: for cron hosts and tests. */
  sweepOnce(): Promise<MailSweep>;
}

export function createMailer(deliver: DeliverMail, report: (report: MailReport) => void): Mailer {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<unknown> = Promise.resolve();
  let stopped = false;
  let outage: { until: number; pause: number } | null = null;
  let housekeptAt = Date.now();
  let failing = false;

  return {
    start() {
      running = sweep();
    },
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
    sweepOnce: planAndSend,
  };

  async function sweep(): Promise<void> {
    try {
      await planAndSend();
      if (Date.now() - housekeptAt > KEEP_HOUSE_EVERY_MS) {
        housekeptAt = Date.now();
        await pruneMail();
      }
      failing = false;
    } catch (error) {
      // Once a failure, not once a turn of it.
      if (!failing) report({ kind: "sweep-failed", error });
      failing = true;
    }
    if (stopped) return;
    const again = () => {
      running = sweep();
    };
    timer = setTimeout(again, SWEEP_EVERY_MS * (0.8 + Math.random() * 0.4));
    timer.unref();
  }

  async function planAndSend(): Promise<MailSweep> {
    const { mailDelaySeconds } = runtime().env;
    let planned = 0;
    for (let more = true; more && !stopped; ) {
      const plan = await planMail(mailDelaySeconds);
      planned += plan.planned;
      more = plan.more;
    }
    let sent = 0;
    for (let more = true; more && !stopped && !isAway(); ) {
      const claimedAt = performance.now();
      const claimed = await claimMails(CLAIMED_AT_ONCE);
      for (const mailId of claimed.parked) report({ kind: "parked", mailId });
      const outcomes = await Promise.allSettled(claimed.mails.map((mail) => send(mail, claimedAt)));
      for (const outcome of outcomes) {
        if (outcome.status === "rejected") throw outcome.reason;
        if (outcome.value) sent += 1;
      }
      more = claimed.more;
    }
    return { planned, sent };
  }

  async function send(mail: ClaimedMail, claimedAt: number): Promise<boolean> {
    if (performance.now() - claimedAt > TRUST_LEASE_MS) return false;
    try {
      await deliver(mail, composeMail(mail));
    } catch (error) {
      // Not the provider's word but the database's, or a fault of ours: the lease ends by itself, the attempt counts.
      if (!(error instanceof MailError)) throw error;
      await giveBack(mail, error);
      return false;
    }
    if (outage) report({ kind: "provider-back" });
    outage = null;
    return true;
  }

  async function giveBack(mail: ClaimedMail, error: MailError): Promise<void> {
    if (error.reason === "provider") beginOutage(error);
    if (await recordFailure(mail, error.reason)) report({ kind: "parked", mailId: mail.id, error });
    else if (error.reason === "later") report({ kind: "postponed", mailId: mail.id, error });
  }

  function isAway(): boolean {
    return outage !== null && Date.now() < outage.until;
  }

  /** The mails of one batch find out at once: that is one outage. */
  function beginOutage(error: unknown): void {
    if (isAway()) return;
    if (!outage) report({ kind: "provider-away", error });
    const pause = outage ? Math.min(OUTAGE_PAUSE_MS.most, outage.pause * 2) : OUTAGE_PAUSE_MS.first;
    outage = { until: Date.now() + pause * (0.75 + Math.random() / 2), pause };
  }
}
