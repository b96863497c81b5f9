"use client";

import { useEffect, useRef, useState } from "react";
import { useWords } from "@/components/ui/ViewpointProvider";
import type { TimelineItem } from "@/lib/core/timeline";
import { errorWords } from "@/lib/i18n/catalogue";
import type { Catalogue } from "@/lib/i18n/en";
import { firstCharacters } from "@/lib/protocol/characters";
import { systemWords } from "./system-words";

const BATCH_MS = 500;
const LONGEST = 300;
/** Long enough to be picked up; after that the words could be edited or deleted ones, which are nowhere else (ATK104). */
const SPOKEN_MS = 3_000;

/**
 * Speaks what others write, author and text, once, and what of my own was refused: in one breath for what arrives
 * together.
 */
export function Announcer({ items }: { items: readonly TimelineItem[] }) {
  const words = useWords();
  const [spoken, setSpoken] = useState("");
  const waiting = useRef<string[]>([]);
  const reachedSeq = useRef<number | null>(null);
  const parked = useRef<ReadonlySet<string>>(new Set());

  useEffect(() => {
    const messages = items.flatMap(({ message, own }) => (message ? [{ message, own }] : []));
    const newest = messages.at(-1)?.message.seq ?? 0;
    const reached = reachedSeq.current ?? newest;
    reachedSeq.current = Math.max(reached, newest);
    for (const { message, own } of messages.filter(({ message }) => message.seq > reached)) {
      if (message.system) waiting.current.push(systemWords(words, message.system));
      else if (!own && message.content !== null) {
        const name = message.sender?.name ?? words.chat.unknownSender;
        waiting.current.push(words.chat.from(name, firstCharacters(message.content, LONGEST)));
      }
    }
    const refused = items.flatMap((item) => refusalOf(item, words) ?? []);
    for (const { key, what, reason } of refused) {
      if (!parked.current.has(key)) waiting.current.push(words.chat.from(what, errorWords(words, reason)));
    }
    parked.current = new Set(refused.map(({ key }) => key));
    if (waiting.current.length === 0) return;
    const timer = setTimeout(() => setSpoken(waiting.current.splice(0).join("\n")), BATCH_MS);
    return () => clearTimeout(timer);
  }, [items, words]);

  useEffect(() => {
    if (spoken === "") return;
    const timer = setTimeout(() => setSpoken(""), SPOKEN_MS);
    return () => clearTimeout(timer);
  }, [spoken]);

  return (
    <div aria-live="polite" aria-atomic="true" className="sr-only" data-announcer="">
      {spoken}
    </div>
  );
}

function refusalOf({ key, pending, change, refusedReaction }: TimelineItem, { chat, message }: Catalogue) {
  if (change?.state === "parked" && change.reason) {
    const what = change.kind === "edit" ? message.changeParked : message.deleteParked;
    return { key: change.commandId, what, reason: change.reason };
  }
  if (pending?.state === "parked" && pending.reason) return { key, what: chat.delivery.parked, reason: pending.reason };
  if (!refusedReaction) return null;
  return { key: `${key} ${refusedReaction.emoji}`, what: message.reactionRefused, reason: refusedReaction.reason };
}
