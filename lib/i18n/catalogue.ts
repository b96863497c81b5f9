import type { ErrorCode } from "@/lib/protocol/errors";
import { de } from "./de";
import { type Catalogue, en } from "./en";
import { isolating } from "./isolate";
import type { Locale } from "./locale";

const catalogues: Record<Locale, Catalogue> = { de: isolating(de), en: isolating(en) };

/** Every word the product says, in one language. */
export function wordsOf(locale: Locale): Catalogue {
  return catalogues[locale];
}

type Reason = ErrorCode | "network" | "outdated" | "out-of-sync" | "too-old";

/** What happened and what to do next; every refusal of the protocol has words of its own. */
export function errorWords(words: Catalogue, reason: string | null): string {
  const known: Record<Reason, string> = words.errors;
  return reason !== null && Object.hasOwn(known, reason) ? known[reason as Reason] : words.errors.unknown;
}

/** Why the composer refuses a text, by the issue that `contentSchema` names. */
export function issueWords(words: Catalogue, issue: string): string {
  const known: Record<string, string> = words.composer.issues;
  return (Object.hasOwn(known, issue) ? known[issue] : undefined) ?? words.composer.issues.default;
}

export function signInErrorWords(words: Catalogue, code: string): string {
  const known: Record<string, string> = words.signIn.errors;
  return (Object.hasOwn(known, code) ? known[code] : undefined) ?? words.signIn.errors.default;
}
