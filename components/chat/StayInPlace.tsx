"use client";

import { Component, createContext, type RefObject, use } from "react";
import type { CustomContainerComponentProps } from "virtua";
import type { Parts } from "@/lib/jsx/content";

interface Reader {
  scroller: RefObject<HTMLElement | null>;
  /** While true the list follows its end, so nothing else is held. */
  stick: RefObject<boolean>;
}

interface Held {
  article: Element;
  /** Below the upper edge of the scroller. */
  top: number;
  /** Where the scroller stood then; once it stands elsewhere the reader has moved on. */
  scrollTop: number;
}

export const ReaderContext = createContext<Reader | null>(null);

/**
 * The windowed list guesses the heights of rows it has not drawn, and what a row was measured at is stale once rows came
 * before it. Its own correction goes by these numbers and misses where such a row crosses the upper edge. So the topmost
 * message that is fully in view is held by what the DOM says before and after each commit of the list.
 */
class StayInPlace extends Component<Reader & { children: Parts }> {
  private held: Held | null = null;
  private settling = false;

  override getSnapshotBeforeUpdate(): null {
    // A commit within the same task must not take over what an earlier one left displaced.
    if (!this.settling) this.hold();
    return null;
  }

  override componentDidUpdate(): void {
    if (!this.held || this.settling) return;
    this.settling = true;
    // The list corrects its scroll offset in an effect after this one; both end before the browser paints.
    queueMicrotask(() => this.settle());
  }

  override render(): Parts {
    return this.props.children;
  }

  private hold(): void {
    const box = this.props.scroller.current;
    const { held } = this;
    // Scroll offsets are rounded; while the reader rests, the rounding of many commits must not add up.
    const resting = held?.article.isConnected && held.scrollTop === box?.scrollTop;
    if (!box || this.props.stick.current) this.held = null;
    else if (!resting) this.held = topmostInFull(box);
  }

  private settle(): void {
    this.settling = false;
    const { held } = this;
    const box = this.props.scroller.current;
    if (!held?.article.isConnected || !box || this.props.stick.current) return;
    const moved = topWithin(box, held.article) - held.top;
    if (Math.abs(moved) >= 0.5) box.scrollTop += moved;
    held.scrollTop = box.scrollTop;
    // At either end there may be no room to scroll: what could not be made good now must not be made good later.
    if (Math.abs(topWithin(box, held.article) - held.top) >= 1) this.held = null;
  }
}

function topWithin(box: HTMLElement, article: Element): number {
  return article.getBoundingClientRect().top - box.getBoundingClientRect().top;
}

function topmostInFull(box: HTMLElement): Held | null {
  for (const article of box.querySelectorAll("article")) {
    const top = topWithin(box, article);
    // Rows that are not measured yet are drawn hidden, at a guessed place.
    if (top >= 0 && getComputedStyle(article).visibility === "visible")
      return { article, top, scrollTop: box.scrollTop };
  }
  return null;
}

/** The container that the windowed list draws its rows into; it is drawn anew with every change of the window. */
export function SteadyRows({ ref, style, children }: CustomContainerComponentProps) {
  const reader = use(ReaderContext);
  const rows = (
    <div ref={ref} style={style}>
      {children as Parts}
    </div>
  );
  return reader ? <StayInPlace {...reader}>{rows}</StayInPlace> : rows;
}
