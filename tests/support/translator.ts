/**
 * What page translators do with a page, for dom tests and as a script of a page: each text node gives way to an element
 * with other words, and beside it stands an element more. Names and the like, which ask not to be translated, fare no
 * better: extensions heed nothing. What is in a form field, and what React did not draw, they leave alone.
 */
export function translate(root: Node): void {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const texts: Text[] = [];
  while (walker.nextNode()) texts.push(walker.currentNode as Text);
  for (const text of texts) {
    const parent = text.parentElement;
    if (!parent || !text.data.trim() || parent.closest("font, script, style, textarea, next-route-announcer")) continue;
    const font = document.createElement("font");
    const inner = document.createElement("font");
    inner.append(text.data);
    font.append(inner);
    parent.replaceChild(font, text);
    const mark = document.createElement("font");
    mark.hidden = true;
    font.after(mark);
  }
}

/** Does so at once and whenever anything changes. */
export function translateAlways(): void {
  const changes = { childList: true, characterData: true, subtree: true };
  const observer = new MutationObserver(translateNow);
  function translateNow() {
    observer.disconnect();
    translate(document.body);
    observer.observe(document.body, changes);
  }
  translateNow();
}

/** Text that React holds by its node: where it changes, a translated page lies or breaks. */
export function looseTexts(): string[] {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const loose: string[] = [];
  // What Radix says of a toast to screen readers: for one second, never changed, and taken away as a whole.
  const spoken = "body > [role='status'][aria-live]";
  while (walker.nextNode()) {
    const text = walker.currentNode as Text;
    const held = Object.keys(text).some((key) => key.startsWith("__reactFiber$"));
    if (held && !text.parentElement?.matches(spoken))
      loose.push(`${text.parentElement?.outerHTML.slice(0, 120)}: ${text.data}`);
  }
  return loose;
}
