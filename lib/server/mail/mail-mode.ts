import "server-only";
import type { Env } from "@/lib/env";
import type { MailMode } from "@/lib/protocol/mail-mode";

/** What becomes of a mail here, for whoever is told of it. */
export function mailMode({ mail, production }: Pick<Env, "mail" | "production">): MailMode {
  if (mail.kind === "smtp") return "smtp";
  return production ? "none" : "simulated";
}
