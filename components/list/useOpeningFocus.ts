import { useEffect, useRef } from "react";
import { focusRoom } from "@/components/chat/timeline-navigation";
import { consultationPath } from "@/lib/browser/consultation-pages";

/** Opening a conversation leads to where one writes in it; going back from it, to its row. */
export function useOpeningFocus(openId: string | null): void {
  const known = useRef(openId);
  useEffect(() => {
    const left = known.current;
    known.current = openId;
    if (openId === left) return;
    if (openId !== null) focusRoom();
    else document.querySelector<HTMLElement>(`a[href="${consultationPath(`${left}`)}"]`)?.focus();
  }, [openId]);
}
