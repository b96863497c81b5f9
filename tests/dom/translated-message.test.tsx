import { cleanup, render } from "@testing-library/react";
import type { ReactElement } from "react";
import { afterEach, expect, it } from "vitest";
import { DeliveryMark } from "@/components/chat/DeliveryMark";
import { MessageText } from "@/components/chat/MessageText";
import { ViewpointProvider } from "@/components/ui/ViewpointProvider";

afterEach(() => cleanup());

const AT = "2026-11-28T12:00:00.000Z";
const link = "https://murph.example/leaflet";

function seen(child: ReactElement): ReactElement {
  return (
    <ViewpointProvider locale="en" zone="UTC" renderedAt={Date.parse(AT)}>
      {child}
    </ViewpointProvider>
  );
}

/** What a page translator does: each text node is replaced by elements with other words. */
function translate(root: Element): void {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const texts: Node[] = [];
  while (walker.nextNode()) texts.push(walker.currentNode);
  for (const text of texts) {
    const font = document.createElement("font");
    font.append(document.createElement("font"));
    font.firstElementChild?.append(`translated ${text.textContent}`);
    text.parentNode?.replaceChild(font, text);
  }
}

const words = (content: string) => <MessageText id="message" content={content} focusable />;

it.each([
  ["words", words("Take 5 mg"), words("Take 50 mg")],
  ["a link that goes", words(`Take 5 mg, see ${link} now`), words("Take 50 mg now")],
  ["the words around a link", words(`Take 5 mg ${link} now`), words(`Take 50 mg ${link} later`)],
  [
    "a delivery state",
    <DeliveryMark key="mark" status="sent" at={null} worded />,
    <DeliveryMark key="mark" status="read" at={AT} worded />,
  ],
])("W1 where a translator has been, a change of %s shows what is true now", (_what, before, after) => {
  const fresh = render(seen(after));
  const expected = fresh.container.textContent;
  fresh.unmount();
  const { container, rerender } = render(seen(before));
  translate(container);
  rerender(seen(after));
  expect(container.textContent).toBe(expected);
});
