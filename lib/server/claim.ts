import "server-only";

/**
 * What a genuine, unexpired token says. Not yet judged: the session may have ended since, so every command and
 * query judges it in its own SQL and throws AppError("session-ended").
 */
export interface Claim {
  sessionId: string;
  userId: string;
}
