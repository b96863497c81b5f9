import "server-only";

/**
 * Why a mail was not sent. "provider": nothing was wrong with this mail, the attempt does not count. "later": again
 * after a pause. "refused": never again.
 */
export type MailFailure = "provider" | "later" | "refused";

/** The provider did not take a mail. Without its words: mail servers quote addresses in their answers. */
export class MailError extends Error {
  override name = "MailError";
  constructor(
    readonly reason: MailFailure,
    /** What a log may say of it: our own word, or nodemailer's code and the server's number. */
    readonly code: string,
  ) {
    super(`mail not accepted (${reason}, ${code})`);
  }
}
