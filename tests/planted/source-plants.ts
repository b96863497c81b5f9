import type { SourcePlant } from "./plant";

const CONVERSATION = "lib/core/conversation.ts";

/** Safeguards in the code of the client and the relay. */
export const SOURCE_PLANTS: readonly SourcePlant[] = [
  {
    id: "no-dedupe",
    rule: "RCV1",
    removed: "an event at or below our seq is a no-op",
    file: CONVERSATION,
    find: `if (event.seq <= state.seq) return "ignored";`,
    replace: "",
    witness: "simulation",
  },
  {
    id: "out-of-order",
    rule: "RCV1",
    removed: "an event beyond the next is never applied",
    file: CONVERSATION,
    find: `if (event.seq > state.seq + 1) return "gap";`,
    replace: "",
    witness: "simulation",
  },
  {
    id: "unseen-change-forgotten",
    rule: "RCV6",
    removed: "a change to a message not loaded is remembered",
    file: CONVERSATION,
    find: "return state.hasMore && !window.has(changedId(change));",
    replace: "return false;",
    witness: "simulation",
  },
];
