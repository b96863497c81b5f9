import type { SourcePlant } from "@/tests/planted/plant";

const CONNECTION = "lib/sync/connection.ts";
const KEEPER = "lib/sync/channel-keeper.ts";
const SOCKET = "lib/sync/socket-keeper.ts";
const RECEIVING = "tests/unit/sync/receiving.test.ts";
const CONNECTION_TEST = "tests/unit/sync/connection.test.ts";

/** When the server is asked, and how often. */
export const CONNECTION_PLANTS: readonly SourcePlant[] = [
  {
    id: "no-fetch-after-subscription",
    rule: "RCV2",
    removed: "every subscription success is followed by a fetch",
    file: CONNECTION,
    find: "    this.#pollAnew();\n    this.#options.onCatchUp();",
    replace: "    this.#pollAnew();",
    witness: { file: RECEIVING, test: "RCV2 after the subscription, not before it" },
  },
  {
    id: "no-fetch-on-return",
    rule: "RCV2",
    removed: "online and visible are followed by a fetch",
    file: CONNECTION,
    find: `if (signal === "online" || signal === "visible") this.#options.onCatchUp();`,
    replace: "",
    witness: { file: RECEIVING, test: "RCV2 on online" },
  },
  {
    id: "no-head-check",
    rule: "RCV2",
    removed: "the head is asked for now and then while live",
    file: CONNECTION,
    find: `this.#status === "live" && this.#options.headCheck && signals.visible()`,
    replace: `this.#status === "live" && signals.visible() && (false as boolean)`,
    witness: { file: RECEIVING, test: "RCV2 F4 a lost last event" },
  },
  {
    id: "delayed-ignored",
    rule: "CON2",
    removed: `"delayed" means polling although the socket is up`,
    file: CONNECTION,
    find: `if (trusted) return this.#push === "delayed" ? "polling" : "live";`,
    replace: `if (trusted) return "live";`,
    witness: { file: CONNECTION_TEST, test: "CON2 the server's 'delayed' means polling" },
  },
  {
    id: "polling-never-begins",
    rule: "CON2",
    removed: "who is not live polls",
    file: CONNECTION,
    find: `if (this.#status === "polling") {\n      const`,
    replace: `if (this.#status === "polling" && (false as boolean)) {\n      const`,
    witness: { file: CONNECTION_TEST, test: "CON2 F1 without a socket everything still arrives" },
  },
  {
    id: "polling-never-stops",
    rule: "CON2",
    removed: "live again, polling stops",
    file: CONNECTION,
    find: "      this.#status = status;\n      this.#next.clear();",
    replace: "      this.#status = status;",
    witness: { file: CONNECTION_TEST, test: "CON2 every 3 s with jitter" },
  },
  {
    id: "auth-not-retried",
    rule: "CON3",
    removed: "a refused authorisation is asked for again",
    file: KEEPER,
    find: "      timer.arm(pauseAfter(status), retry);",
    replace: "",
    witness: { file: CONNECTION_TEST, test: "CON3 F9 a failed authorisation is asked for again" },
  },
  {
    id: "hanging-auth-not-noticed",
    rule: "CON3",
    removed: "an authorisation that hangs is asked for again",
    file: KEEPER,
    find: `if (!subscribed && transport.state() === "connected") timer.arm(SUBSCRIBE_TIMEOUT_MS, retry);`,
    replace: "",
    witness: { file: CONNECTION_TEST, test: "CON3 an authorisation that hangs" },
  },
  {
    id: "refusal-as-loss",
    rule: "CON3",
    removed: "a socket that the server refuses (4001-4099) is dialled again slowly",
    file: SOCKET,
    find: "return timer.arm(refused.next(), connect);",
    replace: "return timer.arm(lost.next(), connect);",
    witness: { file: CONNECTION_TEST, test: "CON3 F10 a refusal by the server" },
  },
  {
    id: "loss-not-redialled",
    rule: "CON4",
    removed: "a lost socket is dialled again",
    file: SOCKET,
    find: "return timer.arm(signals.online() ? lost.next() : between(random, OFFLINE_MS.low, OFFLINE_MS.high), connect);",
    replace: "return timer.clear();",
    witness: { file: CONNECTION_TEST, test: "CON4 F11 two hundred clients" },
  },
  {
    id: "no-jitter",
    rule: "CON4",
    removed: "those who lost the same server come back spread out",
    file: "lib/sync/backoff.ts",
    find: "const delay = between(this.#random, ceiling / 3, ceiling);",
    replace: "const delay = ceiling;",
    witness: { file: CONNECTION_TEST, test: "CON4 F11 two hundred clients" },
  },
];
