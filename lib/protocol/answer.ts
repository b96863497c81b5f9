import type * as z from "zod";
import { ERROR_STATUS, type ErrorBody, errorBodySchema } from "./errors";

/**
 * What an answer says, and whose word it is. "refused" is ours: our error body, with a code of our table and that
 * code's own status. "unreadable" has the form of our answer, in a version that this client does not know. Everything
 * else ("foreign": a gateway's page, a captive portal's 200, an empty body) is the network's doing and says nothing
 * of what became of the request.
 */
export type Answer<T> =
  | { readonly kind: "ok"; readonly value: T }
  | { readonly kind: "refused"; readonly status: number; readonly error: ErrorBody["error"] }
  | { readonly kind: "unreadable" }
  | { readonly kind: "foreign" };

export function judgeAnswer<Schema extends z.ZodType>(
  status: number,
  text: string,
  schema: Schema,
): Answer<z.output<Schema>> {
  const body = parseJson(text);
  if (status < 200 || status > 299) {
    const refusal = errorBodySchema.safeParse(body);
    if (!refusal.success || ERROR_STATUS[refusal.data.error.code] !== status) return { kind: "foreign" };
    return { kind: "refused", status, error: refusal.data.error };
  }
  const parsed = schema.safeParse(body);
  if (parsed.success) return { kind: "ok", value: parsed.data };
  return { kind: hasOurForm(body, parsed.error.issues) ? "unreadable" : "foreign" };
}

/** Every field that our answer has is there; what is in one of them is not what we know. */
function hasOurForm(body: unknown, issues: readonly z.core.$ZodIssue[]): boolean {
  if (typeof body !== "object" || body === null) return false;
  return issues.every(({ path: [field], ...issue }) => {
    if (field !== undefined) return field in body;
    return issue.code === "invalid_union" && issue.errors.some((option) => hasOurForm(body, option));
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
