import { describe, expect, it } from "vitest";
import { type OtherPages, OverlayHistory } from "@/lib/browser/overlay-history";

interface Entry {
  state: unknown;
  href: string;
}

/** History as browsers have it: what is written is there at once, a step comes later and is told then. */
class TestWindow {
  entries: Entry[];
  index: number;
  readonly location: { href: string };
  /** Addresses that the router, which listens behind us, was told of. */
  readonly told: string[] = [];
  /** The page that somebody is told to wait for. */
  waitedFor: string | null = null;
  private listener: (event: PopStateEvent) => void = () => undefined;
  private steps: number[] = [];

  constructor(entries: Entry[] = [{ state: { list: 1 }, href: "/list" }], index = entries.length - 1) {
    this.entries = entries;
    this.index = index;
    const current = () => this.current;
    this.location = {
      get href() {
        return current().href;
      },
    };
  }

  get current(): Entry {
    return this.entries[this.index] ?? expect.unreachable();
  }

  readonly history = ((window: TestWindow) => ({
    get state() {
      return window.current.state;
    },
    get length() {
      return window.entries.length;
    },
    go(by = 0) {
      window.steps.push(by);
    },
    pushState(state: unknown, _: string, url?: string | URL | null) {
      window.entries.splice(window.index + 1, Number.POSITIVE_INFINITY, {
        state,
        href: String(url ?? window.current.href),
      });
      window.index += 1;
    },
    replaceState(state: unknown, _: string, url?: string | URL | null) {
      window.entries[window.index] = { state, href: String(url ?? window.current.href) };
    },
  }))(this);

  navigation?: Pick<Navigation, "currentEntry" | "entries">;

  /** Keys are addresses here. */
  offerNavigation(): void {
    const entryAt = ({ href }: Entry, index: number) => ({ key: href, index }) as NavigationHistoryEntry;
    const current = () => entryAt(this.current, this.index);
    this.navigation = {
      get currentEntry() {
        return current();
      },
      entries: () => this.entries.map(entryAt),
    };
  }

  addEventListener(_: "popstate", listener: (event: PopStateEvent) => void): void {
    this.listener = listener;
  }

  /** Lets what was asked for happen, step after step. */
  async settled(): Promise<void> {
    await Promise.resolve();
    for (let by = this.steps.shift(); by !== undefined; by = this.steps.shift()) {
      this.index += by;
      let told = true;
      this.listener({
        state: this.current.state,
        stopImmediatePropagation: () => {
          told = false;
        },
      } as PopStateEvent);
      if (told) this.told.push(this.current.href);
      await Promise.resolve();
    }
  }

  travel(by: number): Promise<void> {
    this.history.go(by);
    return this.settled();
  }

  get addresses(): string[] {
    return this.entries.map(({ href }) => href);
  }
}

const inRoom = () => [
  { state: { list: 1 }, href: "/list" },
  { state: { room: 1 }, href: "/room" },
];

function overlaysOf(window: TestWindow, isOnePage: OtherPages["isOnePage"] = () => false): OverlayHistory {
  const wait = (href: string | null) => {
    window.waitedFor = href;
  };
  const lead = (href: string) => {
    wait(href);
    return () => wait(null);
  };
  return new OverlayHistory(window, { isOnePage, lead, abandon: () => wait(null) });
}

/** As Next does: its state is copied from the entry, and it goes to the address that is written. */
function asNext(window: TestWindow): string[] {
  const { replaceState } = window.history;
  const restored: string[] = [];
  window.history.replaceState = (state, unused, url) => {
    restored.push(`${url} with ${JSON.stringify(window.history.state)}`);
    replaceState({ ...Object(window.history.state), ...Object(state) }, unused, url);
  };
  return restored;
}

/** An overlay that closes as components do: whoever closes it, it says so. */
function openIn(overlays: OverlayHistory) {
  const overlay = { open: true, close: () => undefined as undefined };
  const removed = overlays.add(() => overlay.close());
  overlay.close = () => {
    overlay.open = false;
    removed();
  };
  return overlay;
}

describe("R5 overlays in history", () => {
  it("R5 Back closes the topmost and tells the router nothing; the next Back leaves the page", async () => {
    const window = new TestWindow(inRoom());
    const overlays = overlaysOf(window);
    const panel = openIn(overlays);
    await window.settled();
    const dialog = openIn(overlays);
    await window.settled();
    expect(window.addresses).toEqual(["/list", "/room", "/room", "/room"]);
    expect(window.history.state).toMatchObject({ room: 1 });
    await window.travel(-1);
    expect([panel.open, dialog.open]).toEqual([true, false]);
    await window.travel(-1);
    expect(panel.open).toBe(false);
    expect(window.told).toEqual([]);
    await window.travel(-1);
    expect(window.told).toEqual(["/list"]);
  });

  it("R5 one that is closed by hand takes its entry along, however many close at once", async () => {
    const window = new TestWindow(inRoom());
    const overlays = overlaysOf(window);
    const opened = [openIn(overlays), openIn(overlays)];
    await window.settled();
    expect(window.index).toBe(3);
    for (const overlay of opened) overlay.close();
    await window.settled();
    expect(window.current).toEqual({ state: { room: 1 }, href: "/room" });
    expect(window.index).toBe(1);
    expect(window.told).toEqual([]);
  });

  it("R5 one that opens while another closes takes its place, also while the step back is on its way", async () => {
    const window = new TestWindow(inRoom());
    const overlays = overlaysOf(window);
    const menu = openIn(overlays);
    await window.settled();
    menu.close();
    const picker = openIn(overlays);
    await window.settled();
    expect(window.index).toBe(2);
    picker.close();
    await Promise.resolve();
    const dialog = openIn(overlays);
    await Promise.resolve();
    await window.settled();
    expect(window.index).toBe(2);
    await window.travel(-1);
    expect(dialog.open).toBe(false);
    expect(window.index).toBe(1);
  });

  it("R5 Forward to what was closed stays where one is, and tells the router nothing", async () => {
    const window = new TestWindow(inRoom());
    const panel = openIn(overlaysOf(window));
    await window.settled();
    await window.travel(-1);
    expect(panel.open).toBe(false);
    await window.travel(1);
    expect(window.index).toBe(1);
    expect(window.told).toEqual([]);
  });

  it("R5 a page opened out of an overlay takes its place, before it closes or while it does", async () => {
    for (const leave of ["at once", "while it closes"]) {
      const window = new TestWindow(inRoom());
      const dialog = openIn(overlaysOf(window));
      await window.settled();
      if (leave === "while it closes") {
        dialog.close();
        await Promise.resolve();
      }
      // As Next does: its own keys only.
      window.history.pushState({ other: 1 }, "", "/other");
      dialog.close();
      await window.settled();
      expect(window.addresses, leave).toEqual(["/list", "/room", "/other"]);
      expect(window.history.state, leave).toEqual({ other: 1 });
      await window.travel(-1);
      expect(window.current.href, leave).toBe("/room");
      expect(window.told, leave).toEqual(["/room"]);
    }
  });

  it("R5 whatever the router writes into the entry, it stays the overlay's", async () => {
    const window = new TestWindow(inRoom());
    const panel = openIn(overlaysOf(window));
    await window.settled();
    window.history.replaceState({ room: 2 }, "", "/room");
    panel.close();
    await window.settled();
    expect(window.index).toBe(1);
  });

  it("R5 steps over several entries close what they leave, and the router is told where they lead", async () => {
    const window = new TestWindow(inRoom());
    const panel = openIn(overlaysOf(window));
    await window.settled();
    await window.travel(-2);
    expect(panel.open).toBe(false);
    expect(window.told).toEqual(["/list"]);
    window.history.replaceState({ list: 1 }, "", "/list");
    await window.travel(2);
    expect(window.current).toMatchObject({ href: "/room", state: { room: 1 } });
    expect(window.told).toEqual(["/list", "/room"]);
  });

  it("R5 after a reload in an overlay the page is at its own entry; a copied entry without it becomes its own", async () => {
    const window = new TestWindow(inRoom());
    openIn(overlaysOf(window));
    await window.settled();
    overlaysOf(window);
    await window.settled();
    expect(window.index).toBe(1);

    const copy = new TestWindow([{ state: { room: 1, overlays: 1 }, href: "/room" }]);
    overlaysOf(copy);
    await copy.settled();
    expect(copy.current.state).toEqual({ room: 1 });
  });

  it("W6 R5 between addresses of one page the router stays with what it shows, also at entries from before a reload", async () => {
    const window = new TestWindow([
      { state: { old: 1 }, href: "/a" },
      { state: { old: 2 }, href: "/b" },
      { state: { old: 3 }, href: "/elsewhere" },
      { state: { now: 1 }, href: "/c" },
    ]);
    const overlays = overlaysOf(window, (from, to) => ![from, to].includes("/elsewhere"));
    const restored = asNext(window);
    await window.travel(-1);
    window.history.replaceState({ elsewhere: 1 }, "", "/elsewhere");
    await window.travel(-1);
    expect(window.told, "another page is the router's").toEqual(["/elsewhere", "/b"]);
    window.history.replaceState({ now: 2 }, "", "/b");
    restored.length = 0;

    const panel = openIn(overlays);
    await window.settled();
    await window.travel(-2);
    expect(panel.open).toBe(false);
    expect(window.told, "the router is not told").toEqual(["/elsewhere", "/b"]);
    expect(restored).toEqual([`/a with ${JSON.stringify({ old: 2, now: 2 })}`]);
    expect(window.current).toEqual({ state: { old: 2, now: 2 }, href: "/a" });
    const dialog = openIn(overlays);
    await window.settled();
    await window.travel(-1);
    expect(dialog.open).toBe(false);
    expect(window.current.href).toBe("/a");
  });

  it.each(["with", "without"])(
    "W6 whoever stays is at the address of the page that is shown, %s the Navigation API",
    async (how) => {
      const navigation = how === "with";
      const window = new TestWindow([
        { state: { room: 1 }, href: "/room" },
        { state: { settings: 1 }, href: "/settings" },
      ]);
      if (navigation) window.offerNavigation();
      const overlays = overlaysOf(window);
      const restored = asNext(window);
      await window.travel(-1);
      expect(window.told).toEqual(["/room"]);
      expect([window.waitedFor, overlays.shown]).toEqual(["/room", "/settings"]);

      overlays.stay();
      await window.settled();
      expect([window.waitedFor, overlays.shown]).toEqual([null, "/settings"]);
      expect(window.current).toEqual({ state: { settings: 1 }, href: "/settings" });
      expect(restored.at(-1)).toBe(`/settings with ${JSON.stringify({ settings: 1 })}`);
      expect(window.told, "the router hears no step that leads nowhere").toEqual(["/room"]);
      if (navigation) expect(window.addresses).toEqual(["/room", "/settings"]);

      // What is shown when it comes is what is told of it.
      await window.travel(navigation ? -1 : 1);
      if (navigation) {
        expect(window.waitedFor).toBe("/room");
        window.history.replaceState({ room: 1 }, "", "/room");
      }
      expect(window.waitedFor).toBeNull();
      expect(overlays.shown).toBe(window.current.href);
    },
  );

  it("W6 a step back to what is shown, or beside it, gives up the page that was waited for", async () => {
    const window = new TestWindow([
      { state: { old: 1 }, href: "/list" },
      { state: { old: 2 }, href: "/settings" },
      { state: { room: 1 }, href: "/room" },
    ]);
    const overlays = overlaysOf(window, (from, to) => ![from, to].includes("/settings"));
    const restored = asNext(window);
    await window.travel(-1);
    expect([window.waitedFor, overlays.shown]).toEqual(["/settings", "/room"]);
    await window.travel(-1);
    expect([window.waitedFor, overlays.shown]).toEqual([null, "/list"]);
    expect(restored).toEqual([`/list with ${JSON.stringify({ room: 1 })}`]);

    await window.travel(1);
    expect(window.waitedFor).toBe("/settings");
    await window.travel(-1);
    expect([window.waitedFor, overlays.shown]).toEqual([null, "/list"]);
    expect(window.told).toEqual(["/settings", "/settings"]);
  });

  it("W6 what is opened in place while another page is waited for carries the page that is shown", async () => {
    const window = new TestWindow([
      { state: { old: 2 }, href: "/settings" },
      { state: { list: 1 }, href: "https://x.example/list" },
    ]);
    const overlays = overlaysOf(window);
    const restored = asNext(window);
    await window.travel(-1);
    overlays.openInPlace("/room");
    expect(window.waitedFor).toBeNull();
    expect(window.addresses).toEqual(["/settings", "/room"]);
    expect(restored).toEqual([`/room with ${JSON.stringify({ list: 1 })}`]);
  });

  it("W6 a step within one page's text is no other page", async () => {
    const window = new TestWindow([
      { state: { settings: 1 }, href: "/settings" },
      { state: null, href: "/settings#content" },
    ]);
    const overlays = overlaysOf(window);
    await window.travel(-1);
    expect([window.waitedFor, overlays.shown]).toEqual([null, "/settings"]);
    expect(overlays.hasMoved).toBe(false);
  });

  it("W6 UI4 a document has moved once another page is shown, not while it is waited for", async () => {
    const window = new TestWindow(inRoom());
    const overlays = overlaysOf(window);
    await window.travel(-1);
    expect(overlays.hasMoved).toBe(false);
    window.history.replaceState({ list: 1 }, "", "/list");
    expect(overlays.hasMoved).toBe(true);
    await window.travel(1);
    window.history.replaceState({ room: 1 }, "", "/room");
    expect(overlays.hasMoved).toBe(true);
  });
});
