import { type RefObject, useLayoutEffect, useRef, useState } from "react";
import { type Drafts, editPlace, joined } from "@/lib/browser/queue/drafts";
import { countCodePoints, normalText, withoutUnsendable } from "@/lib/protocol/content";
import type { ComposerTarget } from "./useComposerTarget";

interface ComposerTextOptions {
  consultationId: string;
  drafts: Drafts;
  target: ComposerTarget | null;
}

/**
 * The text in the field, as the drafts have it. While a message is edited its words stand there, and the draft waits
 * where drafts wait; it comes back when the edit is over, with what was written meanwhile and not saved.
 */
export function useComposerText(field: RefObject<HTMLTextAreaElement | null>, options: ComposerTextOptions) {
  const { consultationId, drafts, target } = options;
  const [length, setLength] = useState(0);
  /** So many characters left while an input method had the field, which must not be touched then: they are in there. */
  const uncut = useRef(0);
  const edited = target?.kind === "edit" ? target : null;
  const place = edited ? editPlace(consultationId) : consultationId;

  const read = () => field.current?.value.slice(uncut.current) ?? "";
  const clean = () => {
    const box = field.current;
    if (!box) return;
    const sendable = withoutUnsendable(box.value);
    if (sendable === box.value) return;
    const { selectionStart, selectionEnd } = box;
    box.value = sendable;
    box.setSelectionRange(selectionStart, selectionEnd);
  };
  const measure = () => {
    const box = field.current;
    if (!box) return;
    box.style.height = "auto";
    box.style.height = `${box.scrollHeight}px`;
    setLength(countCodePoints(normalText(read())));
  };
  const show = (text: string) => {
    if (field.current) field.current.value = text;
    uncut.current = 0;
    measure();
  };
  const bringBack = (words: string) => drafts.set(consultationId, joined(drafts.get(consultationId), words));
  const forgetEdit = () => drafts.set(editPlace(consultationId), "");

  const refresh = () => {
    clean();
    const text = read();
    drafts.set(place, edited?.content === text ? "" : text);
    measure();
  };

  /** What Enter sends: what stands behind the words that are on their way already, if any are (`behind`). */
  const written = () => {
    drafts.set(place, read());
    const text = drafts.rest(place);
    return { text, behind: text !== drafts.get(place), depart: () => drafts.depart(place) };
  };

  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when the composer comes onto the screen.
  useLayoutEffect(() => {
    // Typed before the scripts of the page had come.
    if (drafts.get(consultationId) === "") drafts.set(consultationId, field.current?.value ?? "");
    void drafts.open(consultationId);
    void drafts.recover(editPlace(consultationId)).then(bringBack);
  }, []);

  // biome-ignore lint/correctness/useExhaustiveDependencies: what is acted on changed, nothing else counts.
  useLayoutEffect(() => {
    const box = field.current;
    if (!box) return;
    let composing = false;
    const cut = () => {
      box.setRangeText("", 0, uncut.current, "preserve");
      uncut.current = 0;
      measure();
    };
    // Of an edit that is over, by whatever ended it.
    const words = drafts.rest(editPlace(consultationId));
    forgetEdit();
    bringBack(words);
    show(edited ? edited.content : drafts.get(consultationId));
    if (target) box.focus();
    const stopDrafts = drafts.onChange(place, (characters) => {
      if (characters !== null) {
        uncut.current += characters;
        if (!composing) cut();
      } else if (!edited && drafts.get(place) !== read()) show(drafts.get(place));
    });
    const leaving = new AbortController();
    const { signal } = leaving;
    box.addEventListener(
      "beforeinput",
      () => {
        const onTheirWay = uncut.current + drafts.get(place).length - drafts.rest(place).length;
        if (box.selectionStart < onTheirWay) drafts.detach(place);
      },
      { signal },
    );
    box.addEventListener(
      "compositionstart",
      () => {
        composing = true;
      },
      { signal },
    );
    box.addEventListener(
      "compositionend",
      () => {
        composing = false;
        if (uncut.current > 0) cut();
      },
      { signal },
    );
    return () => {
      leaving.abort();
      stopDrafts();
    };
  }, [target?.kind, target?.id]);

  return { length, refresh, written, bringBack, forgetEdit };
}
