import type { NoAnswer } from "@/components/ui/useFormAction";
import type { ErrorCode } from "@/lib/protocol/errors";

/** What the form learns; the name comes back with a refusal, the password does not. */
export type InvitationState =
  | { status: "idle" }
  | {
      status: "refused";
      name: string;
      code: ErrorCode | NoAnswer;
      withdrawn: boolean;
      fields: Record<string, string>;
    };

export const IDLE: InvitationState = { status: "idle" };
