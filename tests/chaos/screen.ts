import type { BrowserContext, CDPSession, Page } from "playwright-core";
import { en } from "@/lib/i18n/en";
import { clock, Late, until, within } from "./deadline";
import {
  composerEmptied,
  composerHolds,
  drainLog,
  type PageEntry,
  readConversation,
  selectDraft,
  setHidden,
  takeComposer,
} from "./page-log";

const CALL_MS = 10_000;
const OPEN_MS = 60_000;
const READ_MS = 60_000;

/** Everything one tab ever showed in one room, over all its lives. */
export interface ScreenLog {
  /** Life of the page (it is loaded anew) in which an entry was made. */
  readonly entries: { life: number; entry: PageEntry }[];
}

/** One tab that somebody has open: it is written in, killed, reloaded, covered and taken offline. */
export class Screen {
  log: ScreenLog = { entries: [] };
  connection: string = "";
  #page: Page | null = null;
  #cdp: CDPSession | null = null;
  #life = 0;
  #maxSeq = 0;
  /** When a number was first reached in this life. */
  #reached: { at: number; seq: number }[] = [];
  #state: "down" | "up" = "down";
  #hidden = false;
  #offline = false;
  #roomUrl = "";

  constructor(
    readonly name: string,
    readonly person: string,
    readonly side: number,
    readonly context: BrowserContext,
  ) {}

  get up(): boolean {
    return this.#state === "up";
  }

  /** Whether somebody looks at it and it has a network: then it must be right within moments. */
  get visible(): boolean {
    return this.up && !this.#hidden && !this.#offline;
  }

  get offline(): boolean {
    return this.#offline;
  }

  get hidden(): boolean {
    return this.#hidden;
  }

  get maxSeq(): number {
    return this.#maxSeq;
  }

  reachedAt(seq: number): number | null {
    return this.#reached.find((step) => step.seq >= seq)?.at ?? null;
  }

  forget(): void {
    this.log = { entries: [] };
  }

  /** Opens the room in this tab, trying again as a person does when there is nothing to see. */
  async open(roomUrl: string): Promise<void> {
    this.#roomUrl = roomUrl;
    const deadline = clock() + OPEN_MS;
    for (;;) {
      try {
        await this.#load();
        return;
      } catch (error) {
        if (clock() > deadline) throw new Late(`${this.name} did not open: ${(error as Error).message.slice(0, 200)}`);
        await new Promise((resolve) => setTimeout(resolve, 300));
      }
    }
  }

  async #load(): Promise<void> {
    this.#state = "down";
    if (!this.#page) {
      this.#page = await within(this.context.newPage(), "a new page", CALL_MS);
      this.#cdp = await within(this.context.newCDPSession(this.#page), "a session", CALL_MS);
      this.#page.on("crash", () => {
        this.#state = "down";
      });
    }
    this.#begin();
    await this.#page.goto(this.#roomUrl, { waitUntil: "commit", timeout: 8_000 });
    const page = this.#page;
    await until(async () => (await page.evaluate(takeComposer)) !== "absent", "the composer", 6_000);
    this.#state = "up";
    this.#hidden = false;
    await this.drain();
  }

  #begin(): void {
    this.#life += 1;
    this.#maxSeq = 0;
    this.#reached = [];
    this.connection = "";
  }

  /** Takes over what the page has noted. */
  async drain(): Promise<void> {
    if (!this.#page || !this.up) return;
    const life = this.#life;
    const entries = await within(this.#page.evaluate(drainLog), `the log of ${this.name}`, CALL_MS);
    if (life !== this.#life) return;
    for (const entry of entries) {
      this.log.entries.push({ life, entry });
      if (entry.kind === "connection") this.connection = entry.status;
      if (entry.kind === "bubble" && entry.seq !== null && entry.seq > this.#maxSeq) {
        this.#maxSeq = entry.seq;
        this.#reached.push({ at: entry.at, seq: entry.seq });
      }
    }
  }

  /**
   * Writes as a person does. "left": the composer let go of the words. "kept": it did not. "unknown": the page went
   * away meanwhile.
   */
  async type(text: string): Promise<"left" | "kept" | "unknown" | "not-ready"> {
    const [page, cdp] = [this.#page, this.#cdp];
    if (!page || !cdp || !this.up) return "not-ready";
    try {
      const composer = await within(page.evaluate(takeComposer), `the composer of ${this.name}`, CALL_MS);
      if (composer === "filled") await within(this.#clearDraft(page, cdp), `the draft of ${this.name}`, CALL_MS);
      if (composer !== "ready") return "not-ready";
    } catch {
      return "not-ready";
    }
    try {
      await within(cdp.send("Input.insertText", { text }), `words in ${this.name}`, CALL_MS);
      if (!(await within(page.evaluate(composerHolds, text), `the composer of ${this.name}`, CALL_MS))) {
        return "not-ready";
      }
      await within(pressEnter(cdp), `keys in ${this.name}`, CALL_MS);
      return (await within(page.evaluate(composerEmptied, CALL_MS), `the composer of ${this.name}`, 2 * CALL_MS))
        ? "left"
        : "kept";
    } catch {
      return "unknown";
    }
  }

  /** Words that a page still had when it went away come back as a draft: nobody knows any more whether they left. */
  async #clearDraft(page: Page, cdp: CDPSession): Promise<void> {
    await page.evaluate(selectDraft);
    for (const type of ["keyDown", "keyUp"] as const) {
      await cdp.send("Input.dispatchKeyEvent", { type, key: "Delete", code: "Delete", windowsVirtualKeyCode: 46 });
    }
  }

  async crash(): Promise<void> {
    await this.drain().catch(() => undefined);
    this.#state = "down";
    const page = this.#page;
    const crashed = new Promise<void>((resolve) => page?.once("crash", () => resolve()));
    this.#cdp?.send("Page.crash").catch(() => undefined);
    await within(crashed, `the crash of ${this.name}`, CALL_MS).catch(() => undefined);
    await this.#close();
  }

  async close(): Promise<void> {
    await this.drain().catch(() => undefined);
    this.#state = "down";
    await this.#close();
  }

  async #close(): Promise<void> {
    const page = this.#page;
    this.#page = this.#cdp = null;
    this.#hidden = false;
    this.#offline = false;
    if (page)
      await within(page.close({ runBeforeUnload: false }), `the end of ${this.name}`, CALL_MS).catch(() => undefined);
  }

  async reopen(): Promise<void> {
    await this.open(this.#roomUrl);
  }

  async reload(): Promise<void> {
    await this.drain().catch(() => undefined);
    await this.open(this.#roomUrl);
  }

  async setHidden(hidden: boolean): Promise<void> {
    if (!this.#page || !this.up) return;
    this.#hidden = hidden;
    await within(this.#page.evaluate(setHidden, hidden), `covering ${this.name}`, CALL_MS);
  }

  /** This tab's network alone. */
  async setOffline(offline: boolean): Promise<void> {
    if (!this.#cdp) return;
    this.#offline = offline;
    await within(
      this.#cdp.send("Network.emulateNetworkConditions", {
        offline,
        latency: 0,
        downloadThroughput: -1,
        uploadThroughput: -1,
      }),
      `the network of ${this.name}`,
      CALL_MS,
    );
  }

  /** For a change of the whole browser's network, made elsewhere. */
  markOffline(offline: boolean): void {
    this.#offline = offline;
  }

  async readAll(): ReturnType<typeof readConversation> {
    if (!this.#page || !this.up) return { bubbles: [], complete: false, place: "down" };
    const options = { beginning: en.chat.beginning, ms: READ_MS };
    await within(this.#page.bringToFront(), `${this.name} in front`, CALL_MS);
    return within(this.#page.evaluate(readConversation, options), `reading ${this.name}`, READ_MS + CALL_MS);
  }
}

async function pressEnter(cdp: CDPSession): Promise<void> {
  const enter = { key: "Enter", code: "Enter", windowsVirtualKeyCode: 13 };
  await cdp.send("Input.dispatchKeyEvent", { type: "keyDown", text: "\r", ...enter });
  await cdp.send("Input.dispatchKeyEvent", { type: "keyUp", ...enter });
}
