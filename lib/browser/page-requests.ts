import type { Cancel } from "@/lib/sync/ports";

/** Between two tries of the same page; the last one repeats. */
const PAUSES_MS = [1_000, 2_000, 4_000];
/** A page that has not come whole by then is asked for again. */
const TIMEOUT_MS = 15_000;
/** A page that takes longer than this is one that somebody waits for. */
const PATIENCE_MS = 2_000;
/** What Next's router asks for beside pages: it bears to lose them. */
const NO_PAGE = ["next-router-prefetch", "next-router-segment-prefetch", "next-hmr-refresh"];

interface PageWindow extends Pick<EventTarget, "addEventListener" | "removeEventListener"> {
  fetch: typeof fetch;
  location: { assign(url: string): void };
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
  #waiting = 0;
  /** Nobody waits any more for what was asked for before this one. */
  #turn = 0;

  constructor(window: PageWindow) {
    this.#window = window;
    this.#send = window.fetch.bind(window);
    window.fetch = (input, init) =>
      isPageRequest(init) ? this.#askUntilAnswered(() => this.#readPage(input, init)) : this.#send(input, init);
  }

  /** Somebody waits for a page that does not come. */
  readonly getSnapshot = (): boolean => this.#waiting > 0;

  readonly subscribe = (listener: () => void): Cancel => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** What is waited for is not wanted any more: whoever asked for it hears nothing of it. */
  readonly abandon = (): void => {
    this.#turn += 1;
    if (this.#waiting === 0) return;
    this.#waiting = 0;
    for (const listener of this.#listeners) listener();
  };

  /** Loads a document of ours, as a link without scripts does, once the server answers. */
  readonly open = async (url: string): Promise<void> => {
    await this.#askUntilAnswered(async () => ((await serverAnswers()) ? true : null));
    this.#window.location.assign(url);
  };

  async #askUntilAnswered<Answer>(ask: () => Promise<Answer | null>): Promise<Answer> {
    const turn = this.#turn;
    let isCounted = false;
    const count = (by: 0 | 1) => {
      if (turn !== this.#turn || isCounted === (by === 1)) return;
      isCounted = by === 1;
      this.#waiting += by === 1 ? 1 : -1;
      for (const listener of this.#listeners) listener();
    };
    const patience = setTimeout(() => count(1), PATIENCE_MS);
    try {
      for (let failures = 0; ; failures += 1) {
        const answer = turn === this.#turn ? await ask() : null;
        if (turn !== this.#turn) return await new Promise<never>(() => {});
        if (answer !== null) return answer;
        count(1);
        await this.#pause(PAUSES_MS[Math.min(failures, PAUSES_MS.length - 1)] ?? 0);
      }
    } finally {
      clearTimeout(patience);
      count(0);
    }
  }

  /** null: nobody answered, or somebody else (a gateway, a captive portal), or ours is out of order. */
  async #readPage(...[input, init]: Parameters<typeof fetch>): Promise<Response | null> {
    try {
      const timeout = AbortSignal.timeout(TIMEOUT_MS);
      const signal = init?.signal ? AbortSignal.any([init.signal, timeout]) : timeout;
      const response = await this.#send(input, { ...init, signal });
      const isOurs = response.headers.get("content-type")?.startsWith("text/x-component");
      if (!isOurs || response.status >= 500) return null;
      // Whole before anybody renders it: one that is cut half-way is asked for again.
      const { status, statusText, headers, url, redirected } = response;
      const page = new Response(await response.arrayBuffer(), { status, statusText, headers });
      // Next looks where it was led; a response that was made cannot say it by itself.
      return Object.defineProperties(page, { url: { value: url }, redirected: { value: redirected } });
    } catch (error) {
      if (init?.signal?.aborted) throw error;
      return null;
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const goOn = () => {
        clearTimeout(timer);
        this.#window.removeEventListener("online", goOn);
        resolve();
      };
      const timer = setTimeout(goOn, ms);
      this.#window.addEventListener("online", goOn);
    });
  }
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
