import type { SourcePlant } from "@/tests/planted/plant";

const QUEUE = "lib/sync/command-queue.ts";
const QUEUED = "lib/sync/queued-commands.ts";
const FEED = "lib/sync/event-feed.ts";
const NOTIFIER = "lib/sync/notifier.ts";
const TIMELINE = "lib/core/timeline.ts";
const CORRECTIONS = "tests/unit/sync/corrections.test.ts";
const NOTICES = "tests/unit/sync/notifier.test.ts";
const TYPING = "lib/sync/typing.ts";
const TYPING_TEST = "tests/unit/sync/typing.test.ts";
const LIST = "lib/sync/consultation-list.ts";

/** What keeps corrections, reactions, notices and removals true on every screen. */
export const LIVING_PLANTS: readonly SourcePlant[] = [
  {
    id: "overlay-gone-at-once",
    rule: "A6",
    removed: "a correction that changed nothing stays on the screen until the log was read",
    file: QUEUE,
    find: `this.#change(id, { vanished: "asked" });`,
    replace: "this.#show(this.#commands.filter((command) => command.stored.id !== id));",
    witness: { file: CORRECTIONS, test: "SND3 D5 a repeat that finds nothing to change" },
  },
  {
    id: "taken-back-words-sent",
    rule: "A6",
    removed: "words that are taken back before they were sent are not sent",
    file: QUEUED,
    find: "const isNext = stored.parked === null && !isUndone(stored, undone);",
    replace: "const isNext = stored.parked === null;",
    witness: { file: CORRECTIONS, test: "ATK104 A6 words that were taken back offline" },
  },
  {
    id: "removed-keeps-content",
    rule: "UI4",
    removed: "who takes no part any more sees nothing of it",
    file: FEED,
    find: `if (kind === "definite" && codeOf(failure) === "not-found") this.leave();`,
    replace: "",
    witness: { file: CORRECTIONS, test: "UI4 ATK102 F28 a 404 empties memory and screen" },
  },
  {
    id: "removal-not-heard-in-memory",
    rule: "UI4",
    removed: "what a relay holds in memory at a removal goes out as hints",
    file: "lib/server/relay/relay.ts",
    find: "await ports.publish(holding.hintsOnly ? events.map(hintOf) : events);",
    replace: "await ports.publish(events);",
    witness: {
      file: "tests/unit/server/relay.test.ts",
      test: "F28 UI4 ATK102 what waits in memory when somebody is removed",
    },
  },
  {
    id: "quotes-of-their-own",
    rule: "D5",
    removed: "the quote of what waits shows its message as that is now",
    file: TIMELINE,
    find: "const replyTo = before && isSameQuote(before.replyTo, quote) ? before.replyTo : quote;",
    replace: "const replyTo = before?.replyTo ?? quote;",
    witness: { file: CORRECTIONS, test: "D5 F24 a reply waits with its quote" },
  },
  {
    id: "reactions-as-they-come",
    rule: "D5",
    removed: "a fold puts reactions in the order of the server",
    file: "lib/core/reactions.ts",
    find: "].sort((a, b) => compareEmoji(a.emoji, b.emoji));",
    replace: "];",
    witness: { file: CORRECTIONS, test: "D5 stand there at once, in their place" },
  },
  {
    id: "notice-twice",
    rule: "C6",
    removed: "one tab decides about a notice for all",
    file: NOTIFIER,
    find: "    if (!claimed) {\n      this.#pending.delete(messageId);\n      return;\n    }",
    replace: "",
    witness: { file: NOTICES, test: "C6 C8 one notice among any number of tabs" },
  },
  {
    id: "deleted-words-in-a-toast",
    rule: "C6",
    removed: "a notice of deleted words is withdrawn",
    file: NOTIFIER,
    find: "      this.#pending.delete(messageId);\n      this.#withdraw((notice) => notice.messageId === messageId);\n      return;",
    replace: "      return;",
    witness: { file: NOTICES, test: "ATK104 deleted words go from toasts" },
  },
  {
    id: "row-of-the-removed",
    rule: "UI4",
    removed: "a row that came with a removal does not bring the consultation back into the list",
    file: LIST,
    find: "const mine = pushedMeanwhile.filter(({ id }) => ids.has(id));",
    replace: "const mine = pushedMeanwhile;",
    witness: { file: "tests/unit/sync/list.test.ts", test: "C7 UI4 a row pushed while the list was read" },
  },
  {
    id: "typist-from-the-payload",
    rule: "C3",
    removed: "only the server says who types",
    file: TYPING,
    find: "this.#onStart(data, senderId),",
    replace: "this.#onStart(data, (data as { user_id?: string } | null)?.user_id ?? senderId),",
    witness: { file: TYPING_TEST, test: "ATK13 only the server says who types" },
  },
  {
    id: "types-for-ever",
    rule: "C3",
    removed: "a typist whose stop is lost expires",
    file: TYPING,
    find: "timer.arm(EXPIRY_MS, () => this.#forget(senderId));",
    replace: "",
    witness: { file: TYPING_TEST, test: "C3 a typist whose stop is lost expires" },
  },
];
