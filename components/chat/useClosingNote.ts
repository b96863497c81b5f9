import { type RefObject, useLayoutEffect } from "react";
import { useChatClient } from "@/hooks/useChatClient";
import { announcedNotePlace, joined, notePlace } from "@/lib/browser/queue/drafts";

/**
 * The closing note is kept like a draft, whatever happens to its dialog. Once the server has it with an announced end it
 * waits beside: it comes back when the consultation goes on.
 */
export function useClosingNote(field: RefObject<HTMLTextAreaElement | null>, consultationId: string) {
  const { drafts } = useChatClient();
  const place = notePlace(consultationId);
  const announced = announcedNotePlace(consultationId);

  useLayoutEffect(() => {
    const box = field.current;
    if (!box) return;
    const show = () => {
      if (box.value !== drafts.get(place)) box.value = drafts.get(place);
    };
    if (box.value !== "" && drafts.get(place) === "") drafts.set(place, box.value);
    show();
    const stopListening = drafts.onChange(place, show);
    const bringBack = (words: string) => drafts.set(place, joined(words, drafts.get(place)));
    const words = drafts.get(announced);
    drafts.set(announced, "");
    bringBack(words);
    void drafts.open(place);
    void drafts.recover(announced).then(bringBack);
    return stopListening;
  }, [field, drafts, place, announced]);

  return {
    typed: () => drafts.set(place, field.current?.value ?? ""),
    /** The server has this note; what was written since is another. */
    taken(note: string, announces: boolean) {
      if (drafts.get(place) !== note) return;
      drafts.set(place, "");
      if (announces) drafts.set(announced, note);
    },
  };
}
