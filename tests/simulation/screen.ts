import { isLegalMove, type MessageStatus } from "@/lib/core/message-status";
import type { TimelineItem } from "@/lib/core/timeline";
import { compareEmoji } from "@/lib/protocol/emoji";
import type { Message } from "@/lib/protocol/message";
import type { ConversationEngine } from "@/lib/sync/conversation-engine";

/** What a screen is judged by while it runs. */
export interface ScreenWatch {
  /** Every history that this database has had, the present one last: ids of messages in their order. */
  histories(): readonly (readonly string[])[];
  /** The id stands, or stood before a restore, in the log. */
  wasSaved(id: string): boolean;
  /** Somebody threw the words away, or they went with a sign-out. */
  wasGivenUp(id: string): boolean;
  /** From which `rev` on a message shows this correction; null: the database did not take it yet. */
  revOfChange(id: string): number | null;
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
  readonly #onShown: (seq: number) => void;
  #shown = new Map<string, MessageStatus>();
  /** Corrections that lay over messages: by command, the message's id. */
  #changes = new Map<string, string>();
  readonly #judgedReactions = new WeakSet<object>();
  #items: readonly TimelineItem[] = [];
  looks = 0;

  constructor(name: string, engine: ConversationEngine, watch: ScreenWatch, onShown: (seq: number) => void) {
    this.#name = name;
    this.#engine = engine;
    this.#watch = watch;
    this.#onShown = onShown;
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
    const changes = new Map<string, string>();
    let unsentBegan = false;
    let newest = 0;
    for (const { key, message, delivery, change } of items) {
      if (keys.has(key)) this.#violate("I2", `${key} is shown twice`);
      keys.add(key);
      if (!message) unsentBegan = true;
      else if (unsentBegan) this.#violate("I3", `${key} is confirmed and stands below an unsent one`);
      if (delivery !== null) this.#judgeStatus(key, delivery, shown);
      if (message) {
        newest = message.seq;
        this.#judgeReactions(message);
      }
      if (change) changes.set(change.commandId, key);
    }
    this.#judgeOrder(items);
    this.#judgeGone(keys, items);
    this.#judgeChanges(changes, items);
    this.#shown = shown;
    this.#changes = changes;
    if (newest > 0) this.#onShown(newest);
  }

  /** RCV6: sets by (user, emoji), in the one order that everybody sees. */
  #judgeReactions({ id, reactions }: Message): void {
    if (reactions.length === 0 || this.#judgedReactions.has(reactions)) return;
    this.#judgedReactions.add(reactions);
    const emojis = reactions.map(({ emoji }) => emoji);
    const inOrder = emojis.every((emoji, index) => index === 0 || compareEmoji(emojis[index - 1] ?? "", emoji) < 0);
    const areSets = reactions.every(({ userIds }) => userIds.length > 0 && isAscending(userIds));
    if (!inOrder || !areSets) this.#violate("RCV6", `${id} has the reactions ${JSON.stringify(reactions)}`);
  }

  /** I5: a correction leaves the screen when the log shows it or its person gave it up, and the old words never come back. */
  #judgeChanges(changes: ReadonlyMap<string, string>, items: readonly TimelineItem[]): void {
    for (const [commandId, key] of this.#changes) {
      const message = items.find((item) => item.key === key)?.message;
      // Another correction may lie over the same message: then that is what is shown.
      if (!message || changes.has(commandId) || [...changes.values()].includes(key)) continue;
      if (this.#watch.wasGivenUp(commandId)) continue;
      if (!this.#watch.wasSaved(commandId)) this.#violate("I5", `the change ${commandId} is gone from the screen`);
      const rev = this.#watch.revOfChange(commandId) ?? 0;
      if (message.rev < rev && this.#watch.histories().length === 1)
        this.#violate("I5", `${key} went back to ${message.rev} although ${commandId} was saved as ${rev}`);
    }
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
      // An edit stands alone only until its message is there.
      if (keys.has(key) || CONFIRMED.includes(status) || items.some(({ change }) => change?.commandId === key))
        continue;
      if (this.#watch.wasGivenUp(key) || (this.#watch.wasSaved(key) && !this.#isStillToCome(key, items))) continue;
      this.#violate("I5", `${key} was ${status} and is gone from the screen (${items.length} items)`);
    }
  }

  /** It stands in the log, and further on than this screen has come: for a moment it is nowhere to be seen. */
  #isStillToCome(key: string, items: readonly TimelineItem[]): boolean {
    const histories = this.#watch.histories();
    const current = histories.at(-1) ?? [];
    const place = current.indexOf(key);
    // Who was removed is shown nothing of the log any more, own words included.
    if (this.#engine.getSnapshot().failure === "not-found") return false;
    const last = items.findLast(({ message }) => message !== null)?.key;
    return histories.length === 1 && place !== -1 && (last === undefined || place > current.indexOf(last));
  }

  #violate(rule: string, message: string): void {
    this.#watch.violate(rule, `${this.#name}: ${message}`);
  }
}

function isAscending(ids: readonly string[]): boolean {
  return ids.every((id, index) => index === 0 || (ids[index - 1] ?? "") < id);
}
