import "server-only";
import { pushState } from "./process-relay";

/**
 * Live delivery as a reader should take it. The database knows this consultation's delay, whichever process publishes
 * it; this process knows of a failure before anything is late. Either makes the reader poll.
 */
export function withPushState<Answer extends object>(answer: Answer): Answer {
  return pushState() === "delayed" ? { ...answer, push: "delayed" } : answer;
}
