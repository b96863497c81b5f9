import "server-only";
import { type Hint, PROTOCOL_VERSION } from "@/lib/protocol/event";
import type { Publishable } from "./ports";

/** Only that the event exists; whoever receives it fetches. */
export function hintOf({ consultationId, epoch, seq, type }: Publishable): Hint {
  return { v: PROTOCOL_VERSION, consultationId, epoch, seq, type, hint: true };
}
