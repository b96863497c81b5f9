import "server-only";
import { runtime } from "@/lib/runtime";
import { publicOrigin } from "@/lib/server/http/origin";

/**
 * The link of a mail, for whoever had it written, or null: a link proves the mailbox that it reaches, so it reaches no one
 * else. Only where no mail leaves does it need another way, and proves nothing there.
 */
export function linkToShow(headers: Headers, token: string): string | null {
  return runtime().env.mail.kind === "smtp" ? null : `${publicOrigin(headers)}/invite/${token}`;
}
