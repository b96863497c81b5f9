import type { Page } from "playwright-core";

export type TextSize = "100 %" | "200 %";

/** As somebody has it who made the letters of every page larger; CSSOM, because the page's policy forbids more. */
export async function setText(page: Page, size: TextSize): Promise<void> {
  await page.evaluate(
    (value) => {
      document.documentElement.style.fontSize = value;
    },
    size.replace(" ", ""),
  );
}

/**
 * What does not fit the page as it stands: sideways scroll, controls that are cut off or too small to hit, names and
 * subjects (`data-identity`) of which too little is left to tell them apart.
 */
export function misfits(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const found: string[] = [];
    const shown = (element: Element) =>
      element.checkVisibility({ visibilityProperty: true, opacityProperty: true }) &&
      element.getBoundingClientRect().width > 1 &&
      !element.closest("nextjs-portal, .sr-only");
    const called = (element: Element) =>
      `${element.tagName.toLowerCase()} "${(element.getAttribute("aria-label") ?? element.textContent ?? "").trim().slice(0, 40)}"`;
    const root = document.documentElement;
    if (root.scrollWidth > root.clientWidth)
      found.push(`the page is ${root.scrollWidth - root.clientWidth} px too wide`);

    /** The part of an element that no ancestor cuts off sideways; what a box scrolls to up and down is reachable. */
    const seen = (element: Element) => {
      let { left, right } = element.getBoundingClientRect();
      for (let box = element.parentElement; box; box = box.parentElement) {
        // Nothing that it stands in cuts off what lies in the top layer.
        if (box.matches("dialog:modal")) break;
        if (getComputedStyle(box).overflowX === "visible") continue;
        const edge = box.getBoundingClientRect();
        [left, right] = [Math.max(left, edge.left), Math.min(right, edge.right)];
      }
      return { left: Math.max(left, 0), right: Math.min(right, root.clientWidth) };
    };
    const dialog = [...document.querySelectorAll("dialog:modal")].at(-1);
    const top = dialog ?? document.body;

    for (const box of top.querySelectorAll("*")) {
      const style = getComputedStyle(box);
      const scrolls = style.overflowX === "auto" || style.overflowX === "scroll";
      // Tables may be wider than what they are shown in, and fields than their text.
      if (!scrolls || box.matches("input, textarea, [tabindex]:has(table)") || !shown(box)) continue;
      if (box.scrollWidth > box.clientWidth) found.push(`${called(box)} scrolls sideways`);
    }

    const touch = matchMedia("(pointer: coarse)").matches;
    for (const control of top.querySelectorAll("a[href], button, input, textarea, summary")) {
      // Links within a sentence are as high as its line.
      if (!shown(control) || control.matches('[type="hidden"], p a, a[href="#content"]')) continue;
      const box = control.getBoundingClientRect();
      const { left, right } = seen(control);
      const scrolled = (element: Element): boolean =>
        element === root
          ? root.scrollHeight > root.clientHeight
          : (/auto|scroll/.test(getComputedStyle(element).overflowY) && element.scrollHeight > element.clientHeight) ||
            scrolled(element.parentElement ?? root);
      if ((box.bottom > innerHeight + 1 || box.top < -1) && !scrolled(control)) {
        found.push(`${called(control)} is off the screen`);
      }
      if (right - left < box.width - 1) found.push(`${called(control)} is cut off`);
      const least = touch && !control.matches("[data-seq] ul button, [data-unsized]") ? 44 : 24;
      const label = control.matches("input") && control.closest("label, div")?.getBoundingClientRect();
      const height = Math.max(box.height, label ? label.height : 0);
      if (box.width < 24 || height < least - 0.5) {
        found.push(`${called(control)} is ${Math.round(box.width)} x ${Math.round(height)} px`);
      }
    }

    for (const name of top.querySelectorAll<HTMLElement>("[data-identity]")) {
      if (!shown(name)) continue;
      const { left, right } = seen(name);
      const letter = Number.parseFloat(getComputedStyle(name).fontSize) / 2;
      const range = document.createRange();
      range.selectNodeContents(name);
      const full = Math.min(range.getBoundingClientRect().width, name.scrollWidth);
      if (right - left < Math.min(full, 6 * letter) - 1) {
        found.push(`of ${called(name)} ${Math.round(right - left)} px are left`);
      }
    }

    const log = document.querySelector('[role="log"]');
    const composer = document.querySelector('form:has(textarea[name="content"])');
    if (!dialog && log && composer) {
      const end = log.getBoundingClientRect().bottom;
      const gap = composer.getBoundingClientRect().top - end;
      if (Math.abs(gap) > 1) found.push(`the log ends ${Math.round(gap)} px above the composer`);
      if (log.clientHeight < 100) found.push(`only ${log.clientHeight} px are left for the log`);
    }
    return found;
  });
}
