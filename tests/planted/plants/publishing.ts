import type { SourcePlant } from "@/tests/planted/plant";

const RELAY = "lib/server/relay/relay.ts";
const CIRCUIT = "lib/server/relay/circuit.ts";
const RELAY_TEST = "tests/unit/server/relay.test.ts";
const PUBLISH_TEST = "tests/unit/server/publish-events.test.ts";
const PUBLISH = "lib/server/relay/publish-events.ts";

/** What brings every committed event to the channels, at least once and in order. */
export const PUBLISHING_PLANTS: readonly SourcePlant[] = [
  {
    id: "cursor-before-publish",
    rule: "F12",
    removed: "the cursor moves only after the push",
    file: RELAY,
    find: `const outcome = circuit.isOpen() ? "later" : await push(holding, events);`,
    replace: `await lease.advance(publication, last.seq);
          const outcome = circuit.isOpen() ? "later" : await push(holding, events);`,
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
    find: `await lease.revive().catch((error: unknown) => report({ kind: "revive-failed", error }));`,
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
    find: `          if (outcome === "later") {
            await postpone(publication);
            break;
          }`,
    replace: "",
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
];
