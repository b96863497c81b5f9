import { type RefObject, useLayoutEffect, useRef, useState } from "react";
import type { Drafts } from "@/lib/browser/queue/drafts";
import { countCodePoints, normalText, withoutUnsendable } from "@/lib/protocol/content";
import type { ComposerTarget } from "./useComposerTarget";

interface ComposerTextOptions {
  consultationId: string;
  drafts: Drafts;
  target: ComposerTarget | null;
  /** The edit ended because its message went away. */
  lost: boolean;
  /** What stands there of an edit that is not saved yet; null while none is made. */
  onEditing(text: string | null): void;
}

/**
 * The text in the field. While a message is edited its words stand there, and the draft waits where drafts wait; it
 * comes back when the edit is over. Words of an edit whose message went away become part of the draft.
 */
export function useComposerText(field: RefObject<HTMLTextAreaElement | null>, options: ComposerTextOptions) {
  const { consultationId, drafts, target, lost, onEditing } = options;
  const [length, setLength] = useState(0);
  const editing = useRef(false);
  const edited = target?.kind === "edit" ? target : null;

  const refresh = () => {
    const box = field.current;
    if (!box) return;
    const sendable = withoutUnsendable(box.value);
    if (sendable !== box.value) {
      const { selectionStart, selectionEnd } = box;
      box.value = sendable;
      box.setSelectionRange(selectionStart, selectionEnd);
    }
    box.style.height = "auto";
    box.style.height = `${box.scrollHeight}px`;
    setLength(countCodePoints(normalText(box.value)));
    if (editing.current) onEditing(box.value);
    else drafts.set(consultationId, box.value);
  };
  const write = (text: string) => {
    if (field.current) field.current.value = text;
    refresh();
  };

  /** These words left, perhaps after another room or an edit was begun; what was typed behind them stays. */
  const take = (text: string) => {
    const box = editing.current ? null : field.current;
    const there = box ? box.value : drafts.get(consultationId);
    if (!there.startsWith(text)) return;
    if (box) write(there.slice(text.length));
    else drafts.set(consultationId, there.slice(text.length));
  };

  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when the composer comes onto the screen.
  useLayoutEffect(() => {
    const fill = (text: string) => {
      if (!editing.current) write(field.current?.value || text);
    };
    fill(drafts.get(consultationId));
    void drafts.load(consultationId).then(fill);
  }, []);

  // biome-ignore lint/correctness/useExhaustiveDependencies: what is acted on changed, nothing else counts.
  useLayoutEffect(() => {
    if (editing.current) onEditing(null);
    const was = editing.current;
    editing.current = edited !== null;
    if (edited) write(edited.content);
    else if (was)
      write(lost ? joined(drafts.get(consultationId), field.current?.value ?? "") : drafts.get(consultationId));
    if (target) field.current?.focus();
  }, [target?.kind, target?.id]);

  return { length, refresh, write, take };
}

/** Words that come back stand below those that are there. */
export function joined(there: string, back: string): string {
  return there.trim() ? `${there.trimEnd()}\n${back}` : back;
}
