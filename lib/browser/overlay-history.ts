/** In `history.state`, beside what Next keeps there: how many overlays are open at this entry. */
const DEPTH = "overlays";

interface OverlayWindow {
  history: Pick<History, "state" | "length" | "go" | "pushState" | "replaceState">;
  location: { href: string };
  addEventListener(type: "popstate", listener: (event: PopStateEvent) => void, capture: true): void;
}

/**
 * What opens over a page is a place in history: Back closes the topmost overlay. Each open one has an entry of the
 * page's own address; one that closes otherwise takes its entry along. Next is not told of steps between such entries,
 * for to it they are one page.
 */
export class OverlayHistory {
  private readonly open: { close(): void }[] = [];
  /** Of the current entry. It differs from what is open only until the next `settle`. */
  private depth: number;
  /** A step of our own is on its way; until it has come, `history` is not where it will be. */
  private travelling = false;
  private waiting: (() => void)[] = [];
  /** The address that the page shows. */
  private href: string;
  /** What the router keeps in the entry of the page that it shows. */
  private routerState: unknown;
  private readonly pushState: History["pushState"];
  private readonly replaceState: History["replaceState"];

  /** `isOnePage`: whether a step between two addresses leaves the router with the page that it shows. */
  constructor(
    private readonly window: OverlayWindow,
    private readonly isOnePage: (from: string, to: string) => boolean = () => false,
  ) {
    const { history, location } = window;
    this.href = location.href;
    this.routerState = history.state;
    this.pushState = history.pushState.bind(history);
    this.replaceState = history.replaceState.bind(history);
    history.pushState = (state, unused, url) => this.navigate(() => this.push(state, unused, url));
    history.replaceState = (state, unused, url) => this.navigate(() => this.replace(state, unused, url));
    window.addEventListener("popstate", (event) => this.onPopState(event), true);
    this.depth = depthOf(history.state);
    // After a reload nothing is open. An entry without those below it was copied into another tab.
    if (this.depth >= history.length) {
      this.depth = 0;
      history.replaceState(history.state, "");
    }
    this.settle();
  }

  get isOpen(): boolean {
    return this.open.length > 0;
  }

  /** To be called while an overlay opens; the answer, while it closes in whatever way. */
  add(close: () => void): () => void {
    const overlay = { close };
    this.open.push(overlay);
    this.settleSoon();
    return () => {
      const index = this.open.indexOf(overlay);
      if (index < 0) return;
      this.open.splice(index, 1);
      this.settleSoon();
    };
  }

  /** One that closes while another opens leaves its entry to it. */
  private settleSoon(): void {
    queueMicrotask(() => this.settle());
  }

  private settle(): void {
    const { history } = this.window;
    if (this.travelling) return;
    while (this.depth < this.open.length) {
      this.depth += 1;
      this.pushState({ ...history.state, [DEPTH]: this.depth }, "");
    }
    if (this.depth > this.open.length) {
      this.travelling = true;
      history.go(this.open.length - this.depth);
    }
  }

  private onPopState(event: PopStateEvent): void {
    const { href } = this.window.location;
    const own = this.travelling;
    this.travelling = false;
    this.depth = depthOf(event.state);
    if (!own) for (const overlay of this.open.splice(this.depth).reverse()) overlay.close();
    // An entry whose overlay closed long ago is nothing to arrive at.
    const passing = this.depth > this.open.length;
    const inPlace = !passing && href !== this.href && this.isOnePage(this.href, href);
    if (passing || inPlace || href === this.href) event.stopImmediatePropagation();
    if (!passing) this.href = href;
    if (inPlace) this.adopt();
    for (const navigation of this.waiting.splice(0)) navigation();
    this.settle();
  }

  /**
   * The router would fetch the page that this entry was written with, perhaps before a reload. It stays with the one
   * it shows, at the address of the entry.
   */
  private adopt(): void {
    const { history, location } = this.window;
    this.replaceState(stateAt(this.routerState, this.depth), "", location.href);
    history.replaceState(null, "", location.href);
  }

  /** A step on its way would take the new entry back. */
  private navigate(navigation: () => void): void {
    if (this.travelling) this.waiting.push(navigation);
    else navigation();
  }

  /** A page that is opened out of an overlay takes its place. */
  private push(state: unknown, unused: string, url?: string | URL | null): void {
    const write = this.depth > 0 ? this.replaceState : this.pushState;
    this.depth = 0;
    write(stateAt(state, 0), unused, url);
    this.written();
  }

  /** Next writes its state anew whenever it likes, and knows nothing of ours. */
  private replace(state: unknown, unused: string, url?: string | URL | null): void {
    this.replaceState(stateAt(state, this.depth), unused, url);
    this.written();
  }

  private written(): void {
    this.href = this.window.location.href;
    this.routerState = this.window.history.state;
  }
}

function depthOf(state: unknown): number {
  const depth = typeof state === "object" && state !== null && DEPTH in state ? state[DEPTH] : 0;
  return typeof depth === "number" ? depth : 0;
}

function stateAt(state: unknown, depth: number): unknown {
  if (depth === 0 && depthOf(state) === 0) return state;
  const { [DEPTH]: _, ...others } = Object(state);
  return depth > 0 ? { ...others, [DEPTH]: depth } : others;
}
