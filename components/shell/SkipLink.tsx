"use client";

import { usePathname } from "next/navigation";
import { focusComposer } from "@/components/chat/timeline-navigation";
import { useWords } from "@/components/ui/ViewpointProvider";

/** The first stop of every page. In a conversation it leads to where one writes. */
export function SkipLink() {
  const { app } = useWords();
  const inRoom = /^\/consultations\/./.test(usePathname());
  return (
    // biome-ignore lint/a11y/useValidAnchor: it leads there without scripts too.
    <a
      href="#content"
      onClick={(event) => {
        event.preventDefault();
        if (inRoom) focusComposer();
        else document.getElementById("content")?.focus();
      }}
      className="fixed top-2 left-2 z-50 rounded-lg bg-accent px-4 py-3 font-medium text-on-accent not-focus:sr-only"
    >
      {inRoom ? app.skipToConversation : app.skipToContent}
    </a>
  );
}
