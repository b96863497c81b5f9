const COUNT = /^\(\d+\+?\) /;
const MOST = 99;

/**
 * Puts a count before the page's title, and puts it back there whenever the page changes its title; words are none of
 * its business (ATK86). The returned function takes it away again.
 */
export function showInTitle(count: number): () => void {
  const prefix = count > 0 ? `(${count > MOST ? `${MOST}+` : count}) ` : "";
  const write = () => {
    const title = `${prefix}${document.title.replace(COUNT, "")}`;
    if (title !== document.title) document.title = title;
  };
  write();
  const watching = new MutationObserver(write);
  watching.observe(document.head, { childList: true, characterData: true, subtree: true });
  return () => {
    watching.disconnect();
    const title = document.title.replace(COUNT, "");
    if (title !== document.title) document.title = title;
  };
}
