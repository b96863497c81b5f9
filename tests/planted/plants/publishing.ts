import type { SourcePlant } from "@/tests/planted/plant";

const RELAY = "lib/server/relay/relay.ts";
const CIRCUIT = "lib/server/relay/circuit.ts";
const RELAY_TEST = "tests/unit/server/relay.test.ts";
const PUBLISH_TEST = "tests/unit/server/publish-events.test.ts";
const CALLS_TEST = "tests/unit/server/pusher-calls.test.ts";
const PUSHER = "lib/pusher/server.ts";
const PUBLISH = "lib/server/relay/publish-events.ts";

/** What brings every committed event to the channels, at least once and in order. */
export const PUBLISHING_PLANTS: readonly SourcePlant[] = [
  {
    id: "cursor-before-publish",
    rule: "F12",
    removed: "the cursor moves only after the push",
    file: RELAY,
    find: `const outcome: PushOutcome = circuit`,
    replace: `await lease.advance(publication, last.seq);
          const outcome: PushOutcome = circuit`,
    witness: { seed: 1 },
  },
  {
    id: "frozen-holder-publishes",
    rule: "F33",
    removed: "a holder that was frozen asks before it pushes",
    file: RELAY,
    find: "if (last && clock.now() - recordedAt < TRUST_LEASE_MS) {",
    replace: "if (last) {",
    witness: { file: RELAY_TEST, test: "F33 a claim whose answer came after the lease" },
  },
  {
    id: "never-revived",
    rule: "F1",
    removed: "what was postponed is revived when the provider is back",
    file: RELAY,
    find: "      await lease.revive();\n",
    replace: "",
    witness: { file: RELAY_TEST, test: "F1 what was given back for half a minute" },
  },
  {
    id: "never-probed",
    rule: "F1",
    removed: "a provider that failed is asked whether it is back",
    file: CIRCUIT,
    find: "      scheduleProbe();\n      void probe();",
    replace: "",
    witness: { file: RELAY_TEST, test: "F1 an outage costs one probe a second" },
  },
  {
    id: "database-not-asked",
    rule: "F32",
    removed: "a holder asks the database before it stops",
    file: RELAY,
    find: "if (events.length > 0 && clock.now() - recordedAt < MAX_UNRECORDED_MS) continue;",
    replace: "if (events.length === 0) break;\n          if (clock.now() - recordedAt < MAX_UNRECORDED_MS) continue;",
    witness: { file: RELAY_TEST, test: "F32 a holder that is told of another process's append" },
  },
  {
    id: "no-sweep",
    rule: "F12",
    removed: "the sweep finds what nobody publishes",
    file: RELAY,
    find: "if (!stopped) cancelSweep = clock.after(ms, () => track(sweep()));",
    replace: "",
    witness: { seed: 1 },
  },
  {
    id: "failed-push-counted",
    rule: "F33",
    removed: "a push that failed does not move the cursor",
    file: RELAY,
    find: `if (outcome !== "published") {`,
    replace: "if (repeated) {",
    witness: { seed: 14 },
  },
  {
    id: "refused-batch-dropped",
    rule: "F34",
    removed: "a refused batch is pushed one by one",
    file: PUBLISH,
    find: "for (const event of events) await publishAlone(event);",
    replace: "",
    witness: {
      file: PUBLISH_TEST,
      test: "F34 F2 one event that is refused in the middle",
    },
  },
  {
    id: "poison-not-hinted",
    rule: "F34",
    removed: "an event that is refused alone goes out as a hint",
    file: PUBLISH,
    find: "await triggerPusherEvents([toPush(event, { asHint: true })])",
    replace: "await Promise.resolve()",
    witness: {
      file: PUBLISH_TEST,
      test: "F34 F2 one event that is refused in the middle",
    },
  },
  {
    id: "place-kept",
    rule: "W10",
    removed: "a consultation that never falls silent leaves its place to others",
    file: RELAY,
    find: "      if (!done) catchingUp -= 1;",
    replace: "      if (!done && !holdings.has(publication.consultationId)) catchingUp -= 1;",
    witness: { file: RELAY_TEST, test: "W10 a moment's failure: rooms that never fall silent" },
  },
  {
    id: "pushed-not-recorded",
    rule: "W10",
    removed: "what was pushed is recorded before the lease is given back",
    file: RELAY,
    find: "if (publishedSeq !== null) await lease.advance(publication, publishedSeq);",
    replace: "",
    witness: { file: RELAY_TEST, test: "W10 a moment's failure: rooms that never fall silent" },
  },
  {
    id: "left-behind-by-the-closing",
    rule: "W10",
    removed: "what is given back while the circuit closes is revived too",
    file: RELAY,
    find: `if (outcome === "away" && !circuit.isOpen()) revive();`,
    replace: "",
    witness: { file: RELAY_TEST, test: "W10 what is being given back while the circuit closes" },
  },
  {
    id: "left-behind-by-the-dead",
    rule: "W10",
    removed: "a process that starts ends the pauses of an earlier one",
    file: RELAY,
    find: "      reviving = true;\n      track(sweep());",
    replace: "      track(sweep());",
    witness: { file: RELAY_TEST, test: "W10 a process that starts" },
  },
  {
    id: "one-failure-is-an-outage",
    rule: "W10",
    removed: "a call that fails while later ones succeed opens nothing",
    file: CIRCUIT,
    find: ` || begunAt < workedAt) return;`,
    replace: ") return;",
    witness: { file: RELAY_TEST, test: "W10 what one call left behind" },
  },
  {
    id: "call-not-repeated",
    rule: "W10",
    removed: "a reset call is made again at once",
    file: PUSHER,
    find: "if (!mayPass(error)) throw error;",
    replace: "throw error;",
    witness: { file: CALLS_TEST, test: "W10 one call that is reset" },
  },
  {
    id: "call-not-hedged",
    rule: "W10",
    removed: "a call without an answer is made again beside the first",
    file: PUSHER,
    find: "after(PATIENCE_MS).then(",
    replace: "after(TIMEOUT_MS).then(",
    witness: { file: CALLS_TEST, test: "W10 one call that never gets an answer" },
  },
];
