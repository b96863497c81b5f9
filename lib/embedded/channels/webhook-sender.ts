import { setTimeout as sleep } from "node:timers/promises";
import type { Limits, Timings } from "./limits";
import { type Credentials, sign } from "./signatures";

export interface WebhookEvent {
  name: "channel_occupied" | "channel_vacated" | "member_added" | "member_removed" | "client_event";
  channel: string;
  user_id?: string;
  event?: string;
  data?: string | undefined;
  socket_id?: string;
}

export interface WebhookSenderOptions {
  credentials: Credentials;
  /** Asked before each request: the receiver may get its address after the first socket; null = nobody to tell. */
  url: () => string | null;
  limits: Limits;
  timings: Timings;
  onProblem: (problem: string) => void;
}

/** Delivers events in order, several a request, one request at a time, so that a retry never overtakes or is overtaken. */
export class WebhookSender {
  readonly #queue: WebhookEvent[] = [];
  readonly #closing = new AbortController();
  readonly #deadline = new AbortController();
  #delivery: Promise<void> | null = null;
  #dropped = 0;

  constructor(private readonly options: WebhookSenderOptions) {}

  enqueue(event: WebhookEvent): void {
    if (this.#queue.length >= this.options.limits.webhookBacklog) {
      this.#queue.shift();
      this.#dropped += 1;
    }
    this.#queue.push(event);
    this.#delivery ??= this.#deliver();
  }

  /** Sends what is left, each request once, and gives up when `webhookFlushMs` is over. */
  async close(): Promise<void> {
    this.#closing.abort();
    const timer = setTimeout(() => this.#deadline.abort(), this.options.timings.webhookFlushMs);
    await this.#delivery;
    clearTimeout(timer);
  }

  async #deliver(): Promise<void> {
    const { limits, timings } = this.options;
    await this.#pause(timings.webhookGatherMs);
    while (this.#queue.length > 0 && !this.#deadline.signal.aborted) {
      const events = this.#queue.splice(0, limits.webhookEventsPerRequest);
      const url = this.options.url();
      if (url !== null) await this.#send(url, events);
      if (this.#dropped > 0) {
        this.options.onProblem(`webhooks: ${this.#dropped} events dropped, the receiver is too slow`);
        this.#dropped = 0;
      }
    }
    this.#delivery = null;
  }

  async #send(url: string, events: WebhookEvent[]): Promise<void> {
    const { credentials, timings, onProblem } = this.options;
    // Built once: every attempt carries the same bytes, so that a receiver can tell a repetition.
    const body = JSON.stringify({ time_ms: Date.now(), events });
    const headers = {
      "Content-Type": "application/json",
      "X-Pusher-Key": credentials.key,
      "X-Pusher-Signature": sign(credentials, body),
    };
    let problem = "";
    for (const wait of [0, ...timings.webhookRetryMs]) {
      if (wait > 0) await this.#pause(wait);
      if (wait > 0 && this.#closing.signal.aborted) break;
      problem = await this.#post(url, headers, body);
      if (problem === "") return;
    }
    onProblem(`webhooks: ${events.length} events not delivered (${problem})`);
  }

  /** Empty when the receiver took it. */
  async #post(url: string, headers: Record<string, string>, body: string): Promise<string> {
    const signal = AbortSignal.any([AbortSignal.timeout(this.options.timings.webhookTimeoutMs), this.#deadline.signal]);
    try {
      const response = await fetch(url, { method: "POST", headers, body, signal, redirect: "manual" });
      await response.body?.cancel();
      return response.ok ? "" : `status ${response.status}`;
    } catch (error) {
      return error instanceof Error ? error.name : "failed";
    }
  }

  /** Waits, but not while closing. */
  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#closing.signal, ref: false }).catch(() => undefined);
  }
}
