import type { SeededRandom } from "@/tests/support/sim/seeded-random";

export interface SeenRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
}

/** What happens to requests that match, until it is taken away. The first rule that applies decides. */
export interface HttpRule {
  /** All requests where it is left out. */
  readonly match?: (request: SeenRequest) => boolean;
  /** Share of the matching requests, by the proxy's seed. Default 1. */
  readonly chance?: number;
  /** For so many requests only. */
  readonly times?: number;
  /** Milliseconds before it happens. */
  readonly delayMs?: number;
  /**
   * "forward": only late. "drop-answer": forwarded, and cut when the answer is there. "half-answer": forwarded, and cut
   * in the middle of the answer. "hang": never answered; cut when the rule is taken away. "cut": reset before anybody
   * saw it. "cut-unread": reset before its body was read. Else this answer instead.
   */
  readonly action: "forward" | "drop-answer" | "half-answer" | "hang" | "cut" | "cut-unread" | HttpFailure;
}

export interface HttpFailure {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

/** The rules of one proxy in the order in which they came. */
export class HttpRules {
  #endSilence: () => void = () => undefined;
  readonly #rules = new Map<HttpRule, { left: number; release: Set<() => void> }>();

  /** While nothing comes through, whatever the rules say: resolves when that is over. */
  silence: Promise<void> | null = null;

  constructor(readonly random: SeededRandom) {}

  /** Begins a silence; it ends when the returned function is called. */
  fallSilent(): () => void {
    let end: () => void = () => undefined;
    const silence = new Promise<void>((resolve) => {
      end = resolve;
    });
    this.silence = silence;
    this.#endSilence();
    this.#endSilence = end;
    return () => {
      if (this.silence === silence) this.silence = null;
      end();
    };
  }

  add(rule: HttpRule): () => void {
    this.#rules.set(rule, { left: rule.times ?? Number.POSITIVE_INFINITY, release: new Set() });
    return () => {
      const entry = this.#rules.get(rule);
      this.#rules.delete(rule);
      for (const release of entry?.release ?? []) release();
    };
  }

  /** The rule for this request, counted. */
  take(request: SeenRequest): HttpRule | null {
    for (const [rule, entry] of this.#rules) {
      if (entry.left === 0 || (rule.match && !rule.match(request))) continue;
      if (rule.chance !== undefined && this.random.next() >= rule.chance) continue;
      entry.left -= 1;
      return rule;
    }
    return null;
  }

  /** Calls `release` when the rule is taken away. */
  whileInForce(rule: HttpRule, release: () => void): () => void {
    const entry = this.#rules.get(rule);
    if (!entry) {
      release();
      return () => undefined;
    }
    entry.release.add(release);
    return () => entry.release.delete(release);
  }

  clear(): void {
    this.silence = null;
    this.#endSilence();
    for (const { release } of this.#rules.values()) for (const end of release) end();
    this.#rules.clear();
  }
}

export function seenRequest(method: string | undefined, target: string | undefined): SeenRequest {
  const url = new URL(target ?? "/", "http://proxy");
  return { method: method ?? "GET", path: url.pathname, query: url.searchParams };
}
