import type { Cancel } from "@/lib/sync/ports";

const COUNT = /^\(\d+\+?\) /;
const MOST = 99;

const wordsOf = (title: string) => title.replace(COUNT, "");

/** Keeps it as `titleFrom` has it, whoever changes it: Next writes the title of what it last fetched, when that comes. */
function keep(titleFrom: (title: string) => string): Cancel {
  const write = () => {
    const title = titleFrom(document.title);
    if (title !== document.title) document.title = title;
  };
  write();
  const watching = new MutationObserver(write);
  watching.observe(document.head, { childList: true, characterData: true, subtree: true });
  return () => watching.disconnect();
}

/**
 * Puts a count before the page's title, and puts it back there whenever the page changes its title; words are none of
 * its business (ATK86). The returned function takes it away again.
 */
export function showInTitle(count: number): Cancel {
  const prefix = count > 0 ? `(${count > MOST ? `${MOST}+` : count}) ` : "";
  const stop = keep((title) => `${prefix}${wordsOf(title)}`);
  return () => {
    stop();
    const title = wordsOf(document.title);
    if (title !== document.title) document.title = title;
  };
}

/** Words of the title of what is opened without the server. A count before them stays. */
export function keepTitle(words: string): Cancel {
  return keep((title) => (wordsOf(title) === words ? title : words));
}
