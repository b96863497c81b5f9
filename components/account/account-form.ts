import type { NoAnswer } from "@/components/ui/useFormAction";
import type { ErrorCode } from "@/lib/protocol/errors";

/** What a form about somebody's own account learns. No password comes back in it. */
export type AccountFormState =
  | { status: "idle" }
  | { status: "done" }
  | { status: "refused"; code: ErrorCode | NoAnswer; fields: Record<string, string> };

export type AccountFormAction = (previous: unknown, form: FormData) => Promise<AccountFormState>;

export const ACCOUNT_FORM_IDLE: AccountFormState = { status: "idle" };

export function unanswered(code: NoAnswer): AccountFormState {
  return { status: "refused", code, fields: {} };
}
