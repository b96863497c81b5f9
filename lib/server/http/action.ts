import "server-only";
import { cookies, headers } from "next/headers";
import type { ErrorCode } from "@/lib/protocol/errors";
import { requireClaim, requireViewer } from "@/lib/server/auth/claim-cookie";
import type { Claim } from "@/lib/server/claim";
import { touchPresence } from "@/lib/server/presence/touch";
import { describeRefusal } from "./error-response";
import { requireOwnOrigin } from "./origin";
import { reachOurs } from "./reach";

/** What a form learns: actions cannot answer with a status. */
export type ActionState =
  | { status: "idle" }
  | { status: "done"; id: string }
  | { status: "refused"; id: string; code: ErrorCode; message: string; content: string };

/**
 * The wrapper around every server action: the same checks in the same order as a route's, since Next itself lets a
 * request without an Origin pass. `content` goes back to the form, so that refused words are not lost. `viewerId` is who
 * the page was rendered for; empty where it does not say.
 */
export async function runAction(
  form: { id: string; content: string; viewerId: string },
  work: (claim: Claim) => Promise<unknown>,
): Promise<ActionState> {
  const requestHeaders = await headers();
  try {
    requireOwnOrigin(requestHeaders, true);
    const claim = await requireClaim(await cookies());
    requireViewer(claim, form.viewerId || null);
    touchPresence(claim);
    await work(claim);
    return { status: "done", id: form.id };
  } catch (error) {
    return { status: "refused", id: form.id, content: form.content, ...describeRefusal(error, requestHeaders) };
  }
}

/** A text field of a form; a file or nothing counts as empty. Whoever calls an action by hand may send no form at all. */
export function textField(form: unknown, name: string): string {
  reachOurs();
  const value = form instanceof FormData ? form.get(name) : null;
  return typeof value === "string" ? value : "";
}
