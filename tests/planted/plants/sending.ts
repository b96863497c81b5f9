import type { SourcePlant } from "@/tests/planted/plant";

const QUEUE = "lib/sync/command-queue.ts";
const FALLBACK = "lib/sync/fallback-queue.ts";
const FALLBACK_TEST = "tests/unit/sync/fallback-queue.test.ts";
const SENDING = "tests/unit/sync/sending.test.ts";
const TABS = "tests/unit/sync/tabs.test.ts";

/** What keeps words in the queue until they are in the log, once and in their order. */
export const SENDING_PLANTS: readonly SourcePlant[] = [
  {
    id: "leaves-before-kept",
    rule: "SND1",
    removed: "text leaves the composer only once the storage has it",
    file: QUEUE,
    find: "const stored = await this.#ports.queue.add(command);",
    replace:
      "const stored = { ...command, serial: this.#ownWrites + 1_000 };\n    void this.#ports.queue.add(command);",
    witness: { file: SENDING, test: "SND1 send resolves only when the storage has the text" },
  },
  {
    id: "fifo-broken",
    rule: "SND2",
    removed: "first in, first out",
    file: QUEUE,
    find: "const next = this.#commands.find(({ acceptedSeq, vanished }) => acceptedSeq === null && !vanished)?.stored;",
    replace:
      "const next = this.#commands.findLast(({ acceptedSeq, vanished }) => acceptedSeq === null && !vanished)?.stored;",
    witness: { seed: 1 },
  },
  {
    id: "two-flushers",
    rule: "SND2",
    removed: "one flusher among the tabs",
    file: QUEUE,
    find: "await this.#ports.queue.exclusively(this.#options.consultationId, async () => {",
    replace: "await (async (run: () => Promise<void>) => run())(async () => {",
    witness: { file: TABS, test: "SND2 F18 what one tab queues stands in the others" },
  },
  {
    id: "lock-released-early",
    rule: "SND2",
    removed: "the lock is held until the answer",
    file: QUEUE,
    find: `        await this.#ports.queue.exclusively(this.#options.consultationId, async () => {
          sent = await this.#sendFirst();
        });`,
    replace: `        let sending = Promise.resolve(false);
        await this.#ports.queue.exclusively(this.#options.consultationId, async () => {
          sending = this.#sendFirst();
        });
        sent = await sending;`,
    witness: { file: TABS, test: "SND2 F18 what one tab queues stands in the others" },
  },
  {
    id: "vanished-sent",
    rule: "SND2",
    removed: "what another tab took out of the storage is never sent",
    file: QUEUE,
    find: "acceptedSeq === null && !vanished)",
    replace: "acceptedSeq === null || vanished)",
    witness: { file: TABS, test: "SND2 F18 what one tab queues stands in the others" },
  },
  {
    id: "new-id-on-retry",
    rule: "SND3",
    removed: "a retry has the same id",
    file: QUEUE,
    find: "sendMessage({ id, consultationId, content, replyToId, attachmentIds: [] })",
    replace: "sendMessage({ id: this.#ports.ids.messageId(), consultationId, content, replyToId, attachmentIds: [] })",
    witness: { seed: 1 },
  },
  {
    id: "timeout-is-failure",
    rule: "SND3",
    removed: "a timeout is unknown, not a refusal",
    file: "lib/sync/failure.ts",
    find: `if (failure.kind !== "refused") return "transient";`,
    replace: `if (failure.kind !== "refused") return "definite";`,
    witness: { file: SENDING, test: "SND3 F13 a request that never arrived" },
  },
  {
    id: "timeout-is-success",
    rule: "SND3",
    removed: "a timeout is unknown, not a success",
    file: QUEUE,
    find: "else this.#refused(id, result.failure);",
    replace: `else if (result.failure.kind === "unknown") this.#forget([id]);\n      else this.#refused(id, result.failure);`,
    witness: { file: SENDING, test: "SND3 F13 a request that never arrived" },
  },
  {
    id: "gone-before-the-log",
    rule: "SND3",
    removed: "an accepted message keeps its bubble until the log shows it",
    file: QUEUE,
    find: "this.#change(id, { acceptedSeq: event.seq });",
    replace: "this.#show(this.#commands.filter(({ stored }) => stored.id !== id));",
    witness: {
      file: SENDING,
      test: "SND3 an accepted message whose event comes after a gap",
    },
  },
  {
    id: "repeat-never-settled",
    rule: "SND3",
    removed: "a repeat of a message above the window is settled by its seq",
    file: QUEUE,
    find: "if (settled.length > 0) this.#show(",
    replace: "if (settled.length < 0) this.#show(",
    witness: { file: SENDING, test: "SND3 ID1 a repeat of a message far above the window" },
  },
  {
    id: "session-end-drops",
    rule: "SND4",
    removed: "a 401 keeps everything",
    file: QUEUE,
    find: "        this.#signedOut = true;\n        this.#change(id, { waits: codeOf(failure) });",
    replace: "        this.#signedOut = true;\n        this.#forget([id]);",
    witness: { file: SENDING, test: "SND4 F29 an ended session keeps everything" },
  },
  {
    id: "parked-overtaken",
    rule: "SND4",
    removed: "those behind a parked message are held back with it",
    file: QUEUE,
    find: "this.#commands.find(({ acceptedSeq, vanished }) => acceptedSeq === null && !vanished)?.stored;",
    replace:
      "this.#commands.find(({ acceptedSeq, vanished, stored }) => acceptedSeq === null && !vanished && stored.parked === null)?.stored;",
    witness: { file: SENDING, test: "SND4 UI3 a definite refusal parks with its reason" },
  },
  {
    id: "retry-after-ignored",
    rule: "SND4",
    removed: "Retry-After is honoured",
    file: "lib/sync/failure.ts",
    find: `return failure.kind === "refused" ? (failure.retryAfterMs ?? 0) : 0;`,
    replace: `return failure.kind === "refused" ? 0 : 0;`,
    witness: { file: SENDING, test: "SND4 Retry-After is honoured" },
  },
  {
    id: "no-pause",
    rule: "SND4",
    removed: "a failed attempt is followed by a pause",
    file: QUEUE,
    find: "    this.#retryTimer.arm(ms, () =>",
    replace: "    this.#retryTimer.arm(Math.min(ms, 10), () =>",
    witness: { file: SENDING, test: "SND4 backs off with jitter" },
  },
  {
    id: "offline-not-respected",
    rule: "SND4",
    removed: "offline pauses",
    file: QUEUE,
    find: " && this.#ports.signals.online()",
    replace: "",
    witness: { file: SENDING, test: "SND4 offline pauses" },
  },
  {
    id: "too-old-sent",
    rule: "SND5",
    removed: "what lay here for a day is kept as a draft",
    file: QUEUE,
    find: "if (now !== null && now - Date.parse(queuedAt) < TOO_OLD_MS) return",
    replace: "if (now !== null) return",
    witness: { file: TABS, test: "SND5 F20 not sent, but kept" },
  },
  {
    id: "wipe-ignored",
    rule: "SND5",
    removed: "a wipe in another tab is the end of what is shown and sent here",
    file: QUEUE,
    find: "    if (consultationId === null) {\n      this.#show([]);",
    replace: "    if (consultationId === null) {",
    witness: { file: TABS, test: "SND5 F26 signing out in one tab" },
  },
  {
    id: "shown-twice",
    rule: "ID1",
    removed: "one id is one bubble, in the queue and in the log",
    file: "lib/core/timeline.ts",
    find: "const waiting = pending.filter((command) => !inLog.has(command.id));",
    replace: "const waiting = inLog.size < 0 ? [] : pending;",
    witness: { file: "tests/unit/core/timeline.test.ts", test: "B4 ID1 a queued message that the log has too" },
  },
  {
    id: "queue-not-kept",
    rule: "SND1",
    removed: "words are kept on disk, in memory only where the browser refuses",
    file: FALLBACK,
    find: "const added = follows ? null : await this.#ask(() => this.#options.disk.add(command));",
    replace: "const added = follows || this.#hangs || true ? null : await this.#options.disk.add(command);",
    witness: { file: FALLBACK_TEST, test: "F25 SND1 keeps in memory what it did not take" },
  },
  {
    id: "overtakes-the-refused",
    rule: "SND2",
    removed: "what follows a command that only this tab has waits in memory with it",
    file: FALLBACK,
    find: "const follows = this.#of(this.#memory, command.consultationId).length > 0;",
    replace: "const follows = false as boolean;",
    witness: { file: FALLBACK_TEST, test: "F25 SND1 keeps in memory what it did not take" },
  },
  {
    id: "durable-at-all-times",
    rule: "SND5",
    removed: "a page that loses words when it is closed says so",
    file: FALLBACK,
    find: "return !this.#hangs && !this.#unreadable && this.#memory.size === 0;",
    replace: "return true;",
    witness: { file: FALLBACK_TEST, test: "F25 SND1 keeps in memory what it did not take" },
  },
];
