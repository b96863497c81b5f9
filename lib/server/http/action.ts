import "server-only";
import { cookies, headers } from "next/headers";
import type { ErrorCode } from "@/lib/protocol/errors";
import { AppError } from "@/lib/server/app-error";
import { requireClaim, requireViewer } from "@/lib/server/auth/claim-cookie";
import type { Claim } from "@/lib/server/claim";
import { touchPresence } from "@/lib/server/presence/touch";
import { clientAddress } from "./client-address";
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

/** What an action answers that says no more than that; `fields` names what was refused, each with the reason. */
type Outcome = { status: "done" } | { status: "refused"; code: ErrorCode; fields: Record<string, string> };

/** The same for what nobody has to be signed in for. `address` is who asks, as limits count them. */
export async function runOpenAction(work: (caller: { address: string }) => Promise<unknown>): Promise<Outcome> {
  const requestHeaders = await headers();
  try {
    requireOwnOrigin(requestHeaders, true);
    await work({ address: clientAddress(requestHeaders) });
    return { status: "done" };
  } catch (error) {
    return { status: "refused", code: describeRefusal(error, requestHeaders).code, fields: fieldsOf(error) };
  }
}

/** The same for a form about the person's own account, which says what is wrong with which field. */
export async function runAccountAction(
  viewerId: string,
  work: (claim: Claim, caller: { address: string }) => Promise<unknown>,
): Promise<Outcome> {
  return runOpenAction(async (caller) => {
    const claim = await requireClaim(await cookies());
    requireViewer(claim, viewerId || null);
    touchPresence(claim);
    await work(claim, caller);
  });
}

function fieldsOf(error: unknown): Record<string, string> {
  const fields = error instanceof AppError ? error.details.fields : undefined;
  return (fields as Record<string, string> | undefined) ?? {};
}

/** A text field of a form; a file or nothing counts as empty. Whoever calls an action by hand may send no form at all. */
export function textField(form: unknown, name: string): string {
  reachOurs();
  const value = form instanceof FormData ? form.get(name) : null;
  return typeof value === "string" ? value : "";
}
