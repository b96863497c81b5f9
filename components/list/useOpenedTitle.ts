import { useEffect, useRef } from "react";
import { useWords } from "@/components/ui/ViewpointProvider";

/** What the server says of a page that it renders. It names nobody: titles stand in tab bars and histories. */
export function useOpenedTitle(openId: string | null): void {
  const { app, chat, list } = useWords();
  const title = `${openId === null ? list.title : chat.title} · ${app.name}`;
  const rendered = useRef(title);
  useEffect(() => {
    if (rendered.current === title) return;
    rendered.current = title;
    document.title = title;
  }, [title]);
}
