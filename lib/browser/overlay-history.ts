/** In `history.state`, beside what Next keeps there: how many overlays are open at this entry. */
const DEPTH = "overlays";

interface OverlayWindow {
  history: Pick<History, "state" | "length" | "go" | "pushState" | "replaceState">;
  location: { href: string };
  /** Not every browser has it. */
  navigation?: Pick<Navigation, "currentEntry" | "entries">;
  addEventListener(type: "popstate", listener: (event: PopStateEvent) => void, capture: true): void;
}

/** What there is beside the page that is shown. */
export interface OtherPages {
  /** Whether a step between two addresses leaves the router with the page that it shows. */
  isOnePage(from: string, to: string): boolean;
  /** The router is led to a page that it does not show yet; the answer is called when it does. */
  lead(href: string): () => void;
  /** Nobody waits for another page any more. */
  abandon(): void;
}

/**
 * What opens over a page is a place in history: Back closes the topmost overlay. Each open one has an entry of the
 * page's own address; one that closes otherwise takes its entry along. Next is not told of steps between such entries,
 * for to it they are one page.
 *
 * A step to another page changes the address at once, and the page when it has come. Until then `lead` has somebody told,
 * so that whenever nobody is told of a wait the address is that of the page that is shown.
 */
export class OverlayHistory {
  /** Whether another address than the document's own has been shown. */
  hasMoved = false;
  private readonly open: { close(): void }[] = [];
  /** Of the current entry. It differs from what is open only until the next `settle`. */
  private depth: number;
  /** A step of our own is on its way; until it has come, `history` is not where it will be. */
  private travelling = false;
  private waiting: (() => void)[] = [];
  /** The address of the page that is shown, and what the router keeps in its entry. */
  private href: string;
  private routerState: unknown;
  private entry: string | undefined;
  /** A step has led to another page, which is not shown yet; called when it is. */
  private arrive: (() => void) | null = null;
  private readonly pushState: History["pushState"];
  private readonly replaceState: History["replaceState"];

  constructor(
    private readonly window: OverlayWindow,
    private readonly pages: OtherPages,
  ) {
    const { history, location } = window;
    this.href = location.href;
    this.routerState = history.state;
    this.entry = window.navigation?.currentEntry?.key;
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

  /** Address of the page that is shown. */
  get shown(): string {
    return this.href;
  }

  /** Opens another address of the page that is shown: the router stays with it, whatever it was led to. */
  openInPlace(url: string): void {
    this.pages.abandon();
    if (new URL(url, this.href).href === this.href) {
      this.stay();
      return;
    }
    this.navigate(() => {
      this.push(this.routerState, "", url);
      this.tellRouter();
    });
  }

  /** Waits for no other page: the address is again that of the page that is shown. */
  stay(): void {
    this.pages.abandon();
    const { navigation } = this.window;
    const away = this.arrive;
    const write = () => {
      if (away) this.replace(this.routerState, "", this.href);
      this.tellRouter();
    };
    const { index } = navigation?.currentEntry ?? {};
    const shown = navigation?.entries().find(({ key }) => key === this.entry);
    if (this.travelling || !away || index === undefined || !shown || shown.index === index) {
      this.navigate(write);
      return;
    }
    // It comes as every step does.
    this.travelling = true;
    this.window.history.go(shown.index - index);
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
    const isBack = withoutHash(href) === withoutHash(this.href);
    const inPlace = !passing && (isBack ? this.arrive !== null : this.pages.isOnePage(this.href, href));
    if (passing || isBack || inPlace) event.stopImmediatePropagation();
    else this.arrive = this.pages.lead(href);
    if (inPlace) this.adopt();
    else if (isBack && !passing) this.arrivedAt(this.routerState);
    for (const navigation of this.waiting.splice(0)) navigation();
    this.settle();
  }

  /**
   * The router would fetch the page that this entry was written with, perhaps before a reload. It stays with the one
   * it shows, at the address of the entry.
   */
  private adopt(): void {
    this.pages.abandon();
    this.replace(this.routerState, "", this.window.location.href);
    this.tellRouter();
  }

  /** It takes its page from the entry where we are, and what it was on the way to is given up. */
  private tellRouter(): void {
    this.window.history.replaceState(null, "", this.window.location.href);
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
    this.arrivedAt();
  }

  /** Next writes its state anew whenever it likes, and knows nothing of ours. */
  private replace(state: unknown, unused: string, url?: string | URL | null): void {
    this.replaceState(stateAt(state, this.depth), unused, url);
    this.arrivedAt();
  }

  /** The router writes what it shows. */
  private arrivedAt(routerState: unknown = this.window.history.state): void {
    const { href } = this.window.location;
    this.hasMoved ||= withoutHash(href) !== withoutHash(this.href);
    this.href = href;
    this.routerState = routerState;
    this.entry = this.window.navigation?.currentEntry?.key;
    this.arrive?.();
    this.arrive = null;
  }
}

function depthOf(state: unknown): number {
  const depth = typeof state === "object" && state !== null && DEPTH in state ? state[DEPTH] : 0;
  return typeof depth === "number" ? depth : 0;
}

function withoutHash(href: string): string {
  return href.replace(/#.*/, "");
}

function stateAt(state: unknown, depth: number): unknown {
  if (depth === 0 && depthOf(state) === 0) return state;
  const { [DEPTH]: _, ...others } = Object(state);
  return depth > 0 ? { ...others, [DEPTH]: depth } : others;
}
