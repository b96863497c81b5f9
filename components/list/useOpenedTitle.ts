import { useLayoutEffect } from "react";
import { useWords } from "@/components/ui/ViewpointProvider";
import { keepTitle } from "@/lib/browser/page-title";

/**
 * What the server says of a page that it renders; undefined: it did. It names nobody: titles stand in tab bars and
 * histories.
 */
export function useOpenedTitle(openId: string | null | undefined): void {
  const { app, chat, list } = useWords();
  const title = openId === undefined ? null : `${openId === null ? list.title : chat.title} · ${app.name}`;
  // Gone before anybody hears of the title of the page that comes next.
  useLayoutEffect(() => (title === null ? undefined : keepTitle(title)), [title]);
}
