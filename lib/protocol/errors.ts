import "./zod-settings";
import * as z from "zod";

/** The one table of refusals: each code has its HTTP status. The closed list is part of the contract. */
export const ERROR_STATUS = {
  "malformed-request": 400,
  "invalid-json": 400,
  unauthenticated: 401,
  "session-ended": 401,
  "signature-invalid": 401,
  "origin-not-allowed": 403,
  "channel-not-allowed": 403,
  "not-allowed": 403,
  "not-found": 404,
  "method-not-allowed": 405,
  "id-conflict": 409,
  "consultation-not-in-progress": 409,
  "consultation-state": 409,
  "invitation-closed": 409,
  "message-deleted": 409,
  "edit-window-closed": 409,
  "payload-too-large": 413,
  "unsupported-media-type": 415,
  "validation-failed": 422,
  "rate-limited": 429,
  "internal-error": 500,
  unavailable: 503,
} as const;

export type ErrorCode = keyof typeof ERROR_STATUS;
export const errorCodeSchema = z.enum(Object.keys(ERROR_STATUS) as [ErrorCode, ...ErrorCode[]]);

/** Body of every refusal. `message` is for the user; `details` names fields (validation) or the state found. */
export const errorBodySchema = z.object({
  error: z.object({ code: errorCodeSchema, message: z.string(), details: z.record(z.string(), z.unknown()) }),
});
export type ErrorBody = z.infer<typeof errorBodySchema>;
