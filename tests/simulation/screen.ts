import { isLegalMove, type MessageStatus } from "@/lib/core/message-status";
import type { TimelineItem } from "@/lib/core/timeline";
import type { ConversationEngine } from "@/lib/sync/conversation-engine";

/** What a screen is judged by while it runs. */
export interface ScreenWatch {
  /** Every history that this database has had, the present one last: ids of messages in their order. */
  histories(): readonly (readonly string[])[];
  /** The id stands, or stood before a restore, in the log. */
  wasSaved(id: string): boolean;
  /** Somebody threw the words away, or they went with a sign-out. */
  wasGivenUp(id: string): boolean;
  violate(rule: string, message: string): void;
}

const CONFIRMED: readonly MessageStatus[] = ["sent", "delivered", "read"];

/**
 * A witness in the chair: looks at every view that the engine publishes and knows what must never be seen (I2, I3, I5).
 */
export class Screen {
  readonly #name: string;
  readonly #engine: ConversationEngine;
  readonly #watch: ScreenWatch;
  readonly #stop: () => void;
  #shown = new Map<string, MessageStatus>();
  #items: readonly TimelineItem[] = [];
  looks = 0;

  constructor(name: string, engine: ConversationEngine, watch: ScreenWatch) {
    this.#name = name;
    this.#engine = engine;
    this.#watch = watch;
    this.#stop = engine.subscribe(() => this.look());
  }

  close(): void {
    this.#stop();
  }

  look(): void {
    const { items } = this.#engine.getSnapshot();
    if (items === this.#items) return;
    this.#items = items;
    this.looks += 1;
    const shown = new Map<string, MessageStatus>();
    const keys = new Set<string>();
    let unsentBegan = false;
    for (const { key, message, delivery } of items) {
      if (keys.has(key)) this.#violate("I2", `${key} is shown twice`);
      keys.add(key);
      if (!message) unsentBegan = true;
      else if (unsentBegan) this.#violate("I3", `${key} is confirmed and stands below an unsent one`);
      if (delivery !== null) this.#judgeStatus(key, delivery, shown);
    }
    this.#judgeOrder(items);
    this.#judgeGone(keys, items);
    this.#shown = shown;
  }

  #judgeStatus(key: string, delivery: MessageStatus, shown: Map<string, MessageStatus>): void {
    const before = this.#shown.get(key);
    shown.set(key, delivery);
    if (before === delivery) return;
    // After a restore what was sent may be gone and, if it is sent again by somebody's retry, begin anew.
    if (before && !isLegalMove(before, delivery) && this.#watch.histories().length === 1) {
      this.#violate("I5", `${key} went ${before} -> ${delivery}`);
    }
    if (CONFIRMED.includes(delivery) && !this.#watch.wasSaved(key)) {
      this.#violate("I5", `${key} is shown as ${delivery} and is not in the log`);
    }
  }

  /** I3: what is confirmed is a stretch of one history, without a hole. */
  #judgeOrder(items: readonly TimelineItem[]): void {
    const ids = items.flatMap(({ message }) => (message ? [message.id] : []));
    const first = ids[0];
    if (first === undefined) return;
    const fits = (history: readonly string[]) => {
      const start = history.indexOf(first);
      return start !== -1 && ids.every((id, index) => history[start + index] === id);
    };
    const histories = this.#watch.histories();
    for (let index = histories.length - 1; index >= 0; index -= 1) {
      const history = histories[index];
      if (history && fits(history)) return;
    }
    const current = histories.at(-1) ?? [];
    const start = current.indexOf(first);
    const wrong = ids.findIndex((id, index) => current[start + index] !== id);
    this.#violate("I3", `shows ${ids[wrong]} as number ${wrong} from ${first}, the log has ${current[start + wrong]}`);
  }

  /** I5: own words leave the screen for a reason only. */
  #judgeGone(keys: ReadonlySet<string>, items: readonly TimelineItem[]): void {
    for (const [key, status] of this.#shown) {
      if (keys.has(key) || CONFIRMED.includes(status)) continue;
      if (this.#watch.wasGivenUp(key) || (this.#watch.wasSaved(key) && !this.#isStillToCome(key, items))) continue;
      this.#violate("I5", `${key} was ${status} and is gone from the screen (${items.length} items)`);
    }
  }

  /** It stands in the log, and further on than this screen has come: for a moment it is nowhere to be seen. */
  #isStillToCome(key: string, items: readonly TimelineItem[]): boolean {
    const histories = this.#watch.histories();
    const current = histories.at(-1) ?? [];
    const place = current.indexOf(key);
    const last = items.findLast(({ message }) => message !== null)?.key;
    return histories.length === 1 && place !== -1 && (last === undefined || place > current.indexOf(last));
  }

  #violate(rule: string, message: string): void {
    this.#watch.violate(rule, `${this.#name}: ${message}`);
  }
}
