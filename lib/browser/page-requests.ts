import type { Cancel } from "@/lib/sync/ports";
import { hasFailedPart } from "./flight-rows";

/** Between two tries of the same page; the last one repeats. */
const PAUSES_MS = [1_000, 2_000, 4_000];
/** A page that has not come whole by then is asked for again. */
const TIMEOUT_MS = 15_000;
/** A page that takes longer than this is one that somebody waits for. */
const PATIENCE_MS = 2_000;
/** A step of history has changed the address already, so that there somebody is told sooner. */
const STEP_PATIENCE_MS = 500;
const FLIGHT = "text/x-component";
/** What Next's router asks for beside pages: it bears to lose them. */
const NO_PAGE = ["next-router-prefetch", "next-router-segment-prefetch", "next-hmr-refresh"];

interface PageWindow extends Pick<EventTarget, "addEventListener" | "removeEventListener"> {
  fetch: typeof fetch;
  location: { assign(url: string): void };
}

interface Wait {
  /** Somebody is to be told now. */
  lasts(): void;
  end(): void;
}

/**
 * Next answers a page request that fails by loading the page as a document, and during an outage that throws the app
 * away for the browser's error page. So a page is asked for until our server has answered: the app stays, with all that
 * is on the screen, and the page opens by itself.
 */
export class PageRequests {
  readonly #window: PageWindow;
  readonly #send: typeof fetch;
  readonly #listeners = new Set<() => void>();
  /** What somebody waits for, and whether that lasts. */
  readonly #waits = new Map<symbol, boolean>();
  /** Aborted when nobody wants any more what has been asked for until then. */
  #wanted = new AbortController();
  /** The page that a step of history has led to, until it is shown. */
  #ledTo: string | null = null;
  /** What was given up, by page. */
  readonly #resting = new Map<string, (() => void)[]>();

  constructor(window: PageWindow) {
    this.#window = window;
    this.#send = window.fetch.bind(window);
    window.fetch = (input, init) => {
      if (isPageRequest(init)) return this.#page(input, init);
      return isActionRequest(init) ? this.#action(input, init) : this.#send(input, init);
    };
  }

  /** Somebody waits for a page that does not come. */
  readonly getSnapshot = (): boolean => [...this.#waits.values()].includes(true);

  readonly subscribe = (listener: () => void): Cancel => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** What is waited for is not wanted any more: whoever asked for it hears nothing of it. */
  readonly abandon = (): void => {
    this.#wanted.abort();
    this.#wanted = new AbortController();
    this.#ledTo = null;
    this.#tell(() => this.#waits.clear());
  };

  /**
   * A step of history has led to a page that is not shown, in the place of whatever was waited for. Next may have asked
   * for it before and not ask again, so that what was given up of it is taken up. The answer: it is shown.
   */
  readonly lead = (href: string): Cancel => {
    const wasTold = this.getSnapshot();
    this.abandon();
    const page = pageOf(href);
    this.#ledTo = page;
    const wait = this.#wait(STEP_PATIENCE_MS);
    if (wasTold) wait.lasts();
    const resting = this.#resting.get(page) ?? [];
    this.#resting.delete(page);
    for (const goOn of resting) goOn();
    const { signal } = this.#wanted;
    return () => {
      wait.end();
      if (!signal.aborted) this.#ledTo = null;
    };
  };

  /** Loads a document of ours, as a link without scripts does, once the server answers. */
  readonly open = async (url: string): Promise<void> => {
    const answers = await this.#askUntilAnswered(async () => ((await serverAnswers()) ? true : null));
    if (answers) this.#window.location.assign(url);
  };

  /** What is given up rests: Next keeps a place for it, and may never ask for it again. */
  async #page(...request: Parameters<typeof fetch>): Promise<Response> {
    const page = pageOf(request[0]);
    for (;;) {
      const answer = await this.#askUntilAnswered((wanted) => this.#readPage(wanted, ...request));
      if (answer) return answer;
      if (page !== this.#ledTo) await this.#rest(page);
    }
  }

  #rest(page: string): Promise<void> {
    return new Promise((goOn) => {
      this.#resting.set(page, [...(this.#resting.get(page) ?? []), goOn]);
    });
  }

  /** null: it was given up. */
  async #askUntilAnswered<Answer>(ask: (wanted: AbortSignal) => Promise<Answer | null>): Promise<Answer | null> {
    const { signal } = this.#wanted;
    const wait = this.#wait(PATIENCE_MS);
    try {
      for (let failures = 0; ; failures += 1) {
        const answer = await ask(signal);
        if (signal.aborted) return null;
        if (answer !== null) return answer;
        wait.lasts();
        await this.#pause(PAUSES_MS[Math.min(failures, PAUSES_MS.length - 1)] ?? 0, signal);
        if (signal.aborted) return null;
      }
    } finally {
      wait.end();
    }
  }

  #wait(patienceMs: number): Wait {
    const wait = Symbol();
    this.#waits.set(wait, false);
    const lasts = () => this.#tell(() => this.#waits.has(wait) && this.#waits.set(wait, true));
    const patience = setTimeout(lasts, patienceMs);
    const end = () => {
      clearTimeout(patience);
      this.#tell(() => this.#waits.delete(wait));
    };
    return { lasts, end };
  }

  #tell(change: () => unknown): void {
    const before = this.getSnapshot();
    change();
    if (this.getSnapshot() !== before) for (const listener of [...this.#listeners]) listener();
  }

  /** null: nobody answered, or somebody else (a gateway, a captive portal), or ours is out of order. */
  async #readPage(wanted: AbortSignal, ...[input, init]: Parameters<typeof fetch>): Promise<Response | null> {
    try {
      const signals = [wanted, AbortSignal.timeout(TIMEOUT_MS), ...(init?.signal ? [init.signal] : [])];
      const response = await this.#send(input, { ...init, signal: AbortSignal.any(signals) });
      const isOurs = response.headers.get("content-type")?.startsWith(FLIGHT);
      if (!isOurs || response.status >= 500) return null;
      // Whole before anybody renders it: one that is cut half-way is asked for again.
      const body = await response.arrayBuffer();
      return hasFailedPart(new Uint8Array(body)) ? null : withBody(response, body);
    } catch (error) {
      if (init?.signal?.aborted) throw error;
      return null;
    }
  }

  /** The page that comes with the answer of an action is no better: whoever called hears that there is no answer. */
  async #action(...request: Parameters<typeof fetch>): Promise<Response> {
    const response = await this.#send(...request);
    if (!response.headers.get("content-type")?.startsWith(FLIGHT)) return response;
    const body = await response.arrayBuffer();
    if (hasFailedPart(new Uint8Array(body))) throw new TypeError("The answer of the server is not whole");
    return withBody(response, body);
  }

  #pause(ms: number, wanted: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const goOn = () => {
        clearTimeout(timer);
        this.#window.removeEventListener("online", goOn);
        wanted.removeEventListener("abort", goOn);
        resolve();
      };
      const timer = setTimeout(goOn, ms);
      this.#window.addEventListener("online", goOn);
      wanted.addEventListener("abort", goOn);
    });
  }
}

/** Next looks where it was led; a response that was made cannot say it by itself. */
function withBody({ status, statusText, headers, url, redirected }: Response, body: ArrayBuffer): Response {
  const response = new Response(body, { status, statusText, headers });
  return Object.defineProperties(response, { url: { value: url }, redirected: { value: redirected } });
}

/** By its address, without what Next adds when it asks for a page. */
function pageOf(input: Parameters<typeof fetch>[0]): string {
  const { pathname, searchParams } = new URL(input instanceof Request ? input.url : input, "https://here");
  searchParams.delete("_rsc");
  return `${pathname}?${searchParams}`;
}

function isActionRequest(init: RequestInit | undefined): boolean {
  return init?.method === "POST" && new Headers(init.headers).has("next-action");
}

function isPageRequest(init: RequestInit | undefined): boolean {
  if (!init?.headers || (init.method ?? "GET") !== "GET") return false;
  const headers = new Headers(init.headers);
  return headers.has("rsc") && !NO_PAGE.some((name) => headers.has(name));
}

/** Whether our server would serve a page now. */
export async function serverAnswers(): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const response = await fetch("/api/health", { cache: "no-store", redirect: "error", signal });
    // A captive portal answers 200 too, in words of its own.
    const { status } = (await response.json()) as { status?: unknown };
    return response.ok && (status === "ok" || status === "degraded");
  } catch {
    return false;
  }
}

let requests: PageRequests | null = null;

/** Those of this tab. */
export function pageRequests(): PageRequests {
  requests ??= new PageRequests(window);
  return requests;
}
