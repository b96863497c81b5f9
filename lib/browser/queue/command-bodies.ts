import "@/lib/protocol/zod-settings";
import * as z from "zod";
import type { NewCommand, StoredCommand } from "@/lib/sync/ports";
import { type CommandRow, FORMAT } from "./database";
import { isAnnounced } from "./drafts";

const messageId = z.string();

/** What lies sealed in a row, by its kind. A kind never changes its form: a new form is a new kind, or a new format. */
const bodySchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("send"), content: z.string(), replyToId: z.string().nullable() }),
  z.object({ kind: z.literal("edit"), messageId, content: z.string() }),
  z.object({ kind: z.literal("delete"), messageId }),
  z.object({ kind: z.literal("react"), messageId, emoji: z.string(), on: z.boolean() }),
]);
export type CommandBody = z.infer<typeof bodySchema>;

const KINDS: readonly string[] = ["send", "edit", "delete", "react"] satisfies StoredCommand["kind"][];
const WORDLESS: readonly string[] = ["delete", "react"] satisfies StoredCommand["kind"][];

/** This bundle can read it; what a newer one keeps is left alone. */
export function isKnown({ kind, format }: CommandRow): boolean {
  return KINDS.includes(kind) && format === FORMAT;
}

/** Somebody wrote something that lies in there and nowhere else, unless it is known that they did not. */
export function mayHoldWords({ kind, place = "" }: CommandRow): boolean {
  return !WORDLESS.includes(kind) && !isAnnounced(place);
}

export function bodyOf(command: NewCommand): CommandBody {
  return bodySchema.parse(command);
}

/** null: not what this bundle knows under that kind. */
export function parseBody(kind: string, opened: unknown): CommandBody | null {
  if (typeof opened !== "object" || opened === null) return null;
  return bodySchema.safeParse({ ...opened, kind }).data ?? null;
}
