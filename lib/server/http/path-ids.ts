import "server-only";
import * as z from "zod";
import { emojiSchema } from "@/lib/protocol/emoji";
import { messageIdSchema, uuidV4Schema } from "@/lib/protocol/ids";
import { parseInput } from "./body";

/** `/api/consultations/[id]/…` */
export const consultationIds = z.object({ id: z.string().toLowerCase().pipe(uuidV4Schema) });

/** `/api/consultations/[id]/participants/[userId]` */
export const participantIds = consultationIds.extend({ userId: z.string().toLowerCase().pipe(uuidV4Schema) });

/** `/api/nachrichten/[id]/…` */
export const messageIds = z.object({ id: messageIdSchema });

/** `/api/nachrichten/[id]/reactions/[emoji]` */
export const reactionIds = messageIds.extend({ emoji: z.string() });

/** Unlike an id, what is no emoji is told as invalid input: its name is right there in the path. */
export function emojiOf({ emoji }: { emoji: string }): string {
  return parseInput(z.object({ emoji: emojiSchema }), { emoji }).emoji;
}
