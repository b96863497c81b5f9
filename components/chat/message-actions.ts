import type { Quote, TimelineItem } from "@/lib/core/timeline";

export type MessageAction = "react" | "reply" | "copy" | "edit" | "delete";

export interface Permissions {
  writable: boolean;
  editWindowMs: number;
  /** By the server's clock; null while it is not known: then the server alone decides. */
  now: number | null;
}

/** The text that stands in its bubble: a change on its way counts already. Null for a tombstone. */
export function shownContent({ message, pending, change }: TimelineItem): string | null {
  const content = message ? message.content : (pending?.content ?? "");
  return content !== null && change?.kind === "edit" ? (change.content ?? content) : content;
}

/** What a message answers to. A tombstone answers to nothing. */
export function quoteOf({ message, pending }: TimelineItem): Quote | null {
  if (message) return message.content === null ? null : message.replyTo;
  return pending?.replyTo ?? null;
}

/** What may be done with a message just now. A parked change asks its author first, and brings buttons of its own. */
export function allowedActions(item: TimelineItem, { writable, editWindowMs, now }: Permissions): MessageAction[] {
  const { message, pending, change, own } = item;
  const going = change?.kind === "delete" && change.state !== "parked";
  // What waits to be sent can be changed as well; what was refused brings buttons of its own.
  if (pending) return pending.state === "parked" || going ? [] : ["copy", "edit", "delete"];
  if (message?.kind !== "text" || message.content === null) return [];
  const inWindow = now === null || now < Date.parse(message.createdAt) + editWindowMs;
  const changeable = writable && own && inWindow && !going && change?.state !== "parked";
  return [
    ...(writable && !going ? (["react", "reply"] as const) : []),
    "copy",
    ...(changeable ? (["edit", "delete"] as const) : []),
  ];
}

/** What ArrowUp in an empty composer edits. */
export function lastEditable(items: readonly TimelineItem[], permissions: Permissions): TimelineItem | null {
  const newest = items.findLast((item) => item.own && item.message?.kind !== "system" && shownContent(item) !== null);
  return newest && allowedActions(newest, permissions).includes("edit") ? newest : null;
}
