import type { SeededRandom } from "@/tests/support/sim/seeded-random";
import { streamOf } from "./random";

const OF_A_TAB = [
  "lost-request",
  "lost-answer",
  "unavailable",
  "rate-limited",
  "garbled",
  "slow",
  "laggy",
  "refuses",
  "push-dropped",
  "push-doubled",
  "push-delayed",
  "push-hints",
  "auth-failed",
  "auth-hangs",
  "offline",
  "network-dead",
  "socket-dead",
  "hidden",
  "frozen",
] as const;
const OF_A_BROWSER = ["session-ended", "quota", "slow-storage"] as const;
const OF_THE_WORLD = ["rest-down", "sockets-down", "database-down", "database-flaky", "deploy"] as const;
/** Faults that last for a while, each with a strength: mostly the chance that one call or push is hit. */
export const WINDOW_FAULTS = [...OF_A_TAB, ...OF_A_BROWSER, ...OF_THE_WORLD] as const;
export type WindowFault = (typeof WINDOW_FAULTS)[number];

/** Where a server may die while it handles a command or publishes. "now": wherever it happens to be. */
export const CRASH_POINTS = [
  "now",
  "before-commit",
  "after-commit",
  "before-publish",
  "after-publish",
  "before-advance",
  "after-advance",
] as const;
export type CrashPoint = (typeof CRASH_POINTS)[number];

export const REST_MODES = ["refused", "hangs", "500", "429", "401"] as const;
export type RestMode = (typeof REST_MODES)[number];

interface At {
  /** Milliseconds after the beginning. */
  readonly at: number;
}

/** One thing that a person does or that breaks. Tabs, browsers and servers are named by their place. */
export type Operation = At &
  (
    | { readonly kind: "send"; readonly tab: number; readonly count: number }
    /** Through the queue of that tab, about a message that it shows: `pick` chooses which. */
    | {
        readonly kind: "correct" | "withdraw-words" | "reply" | "toggle-reaction";
        readonly tab: number;
        readonly pick: number;
      }
    | { readonly kind: "announce"; readonly for: number }
    | { readonly kind: "continue" }
    | { readonly kind: "remove" | "add"; readonly person: number }
    | { readonly kind: "read" | "older" | "retry" | "discard"; readonly tab: number }
    | { readonly kind: "edit" | "delete" | "react" | "say"; readonly person: number; readonly pick: number }
    | { readonly kind: "complete" | "backup" | "restore" }
    | { readonly kind: "disconnect" | "refuse-socket"; readonly tab: number }
    | { readonly kind: "crash-tab" | "leave-room"; readonly tab: number; readonly for: number }
    | { readonly kind: "crash-server"; readonly server: number; readonly point: CrashPoint; readonly for: number }
    | { readonly kind: "sign-out"; readonly browser: number; readonly for: number }
    | {
        readonly kind: "window";
        readonly fault: WindowFault;
        readonly for: number;
        readonly strength: number;
        /** null: everybody. A browser's number for "session-ended" and "quota". */
        readonly target: number | null;
        readonly mode?: RestMode;
      }
  );

export interface BrowserPlan {
  /** Who sits in front of it, by place among the people. */
  readonly person: number;
  readonly tabs: number;
}

export interface Plan {
  readonly seed: number;
  readonly people: number;
  readonly browsers: readonly BrowserPlan[];
  /** Messages before the beginning. */
  readonly history: number;
  /** When all faults end. */
  readonly until: number;
  readonly operations: readonly Operation[];
}

/** What a seed's day may bring; everything else is quiet, so that many seeds have one kind of fault only (swarm). */
interface Swarm {
  readonly faults: readonly Operation["kind"][] | readonly string[];
}

const INSTANT_FAULTS = [
  "disconnect",
  "refuse-socket",
  "crash-tab",
  "leave-room",
  "crash-server",
  "sign-out",
  "complete",
  "restore",
  "many-changes",
  "a-day-away",
] as const;

/** These are chances; the others are on or off. */
const BY_CHANCE: readonly WindowFault[] = [
  "lost-request",
  "lost-answer",
  "unavailable",
  "rate-limited",
  "garbled",
  "slow",
  "refuses",
  "push-dropped",
  "push-doubled",
  "push-delayed",
  "push-hints",
  "auth-failed",
  "auth-hangs",
  "database-flaky",
];

/** Their places among the people of a world. */
const INTERPRETER = 2;
const COLLEAGUE = 4;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Everything that will happen, decided before anything does. */
export function planOf(seed: number): Plan {
  const random = streamOf(seed, "plan");
  const people = 2 + (random.chance(0.3) ? 1 : 0) + (random.chance(0.15) ? 1 : 0);
  const browsers = browsersOf(people, random);
  const tabs = browsers.reduce((sum, browser) => sum + browser.tabs, 0);
  const { faults } = swarmOf(random);
  const until = 20_000 + random.below(random.chance(0.2) ? 5 * MINUTE : 70_000);
  const operations: Operation[] = [];
  const anyTab = () => random.below(tabs);
  const anyTime = () => random.below(until - 2_000);

  const sends = 4 + random.below(random.chance(0.15) ? 80 : 25);
  for (let index = 0; index < sends; index += 1) {
    operations.push({
      at: anyTime(),
      kind: "send",
      tab: anyTab(),
      count: random.chance(0.15) ? 2 + random.below(6) : 1,
    });
  }
  const quiet = 3 + random.below(10);
  for (let index = 0; index < quiet; index += 1) {
    const at = anyTime();
    const draw = random.below(10);
    if (draw < 3) operations.push({ at, kind: "read", tab: anyTab() });
    else if (draw < 5) operations.push({ at, kind: "older", tab: anyTab() });
    else if (draw < 6) operations.push({ at, kind: random.chance(0.5) ? "retry" : "discard", tab: anyTab() });
    else operations.push(changeOf(at, people, random));
  }
  for (const fault of faults) {
    // Several restores within one head check are the contradiction that RCV4 gives up on, by design.
    const times = fault === "restore" ? 1 : 1 + random.below(4);
    for (let index = 0; index < times; index += 1)
      operations.push(...faultOf(fault, random, until, tabs, browsers.length, people));
  }
  operations.push(...livingOf(seed, until, people, tabs));
  operations.sort((a, b) => a.at - b.at);
  const history = random.chance(0.5) ? random.below(130) : 0;
  return { seed, people, browsers, history, until: Math.max(until, wakesAt(operations)), operations };
}

/** Corrections, reactions, replies, coming and going: of a stream of their own, so that the rest of a day stays the same. */
function livingOf(seed: number, until: number, people: number, tabs: number): Operation[] {
  const random = streamOf(seed, "living");
  const operations: Operation[] = [];
  const anyTime = () => random.below(until - 2_000);
  const kinds = ["correct", "correct", "withdraw-words", "reply", "toggle-reaction", "toggle-reaction"] as const;
  const changes = random.chance(0.15) ? 40 : random.below(12);
  for (let index = 0; index < changes; index += 1) {
    const kind = random.pick(kinds) ?? "correct";
    operations.push({ at: anyTime(), kind, tab: random.below(tabs), pick: random.below(1_000) });
  }
  // What is seen is told, mostly of the newest.
  const looks = random.below(8);
  for (let index = 0; index < looks; index += 1)
    operations.push({ at: anyTime(), kind: "read", tab: random.below(tabs) });
  if (random.chance(0.15)) {
    const at = anyTime();
    const announced = 1_000 + random.below(60_000);
    operations.push({ at, kind: "announce", for: announced });
    if (random.chance(0.5)) operations.push({ at: at + random.below(announced), kind: "continue" });
  }
  if (random.chance(0.2)) operations.push(...comingAndGoing(random, until, people));
  return operations;
}

/** The practitioner removes somebody and may take the interpreter, or a colleague, in (again). */
function comingAndGoing(random: SeededRandom, until: number, people: number): Operation[] {
  const operations: Operation[] = [];
  const changes = 1 + random.below(4);
  for (let index = 0; index < changes; index += 1) {
    const at = random.below(until - 2_000);
    if (random.chance(0.5))
      operations.push({ at, kind: "add", person: random.pick([INTERPRETER, COLLEAGUE]) ?? INTERPRETER });
    else operations.push({ at, kind: "remove", person: removable(random, people) });
  }
  return operations;
}

/** The practitioner is the one who removes; mostly it is somebody who can be taken in again. */
function removable(random: SeededRandom, people: number): number {
  if (people > INTERPRETER && random.chance(0.6)) return INTERPRETER;
  const others = [0, INTERPRETER, 3].filter((person) => person < people);
  return random.pick([...others, COLLEAGUE]) ?? 0;
}

/** A machine that sleeps for hours wakes among the living. */
function wakesAt(operations: readonly Operation[]): number {
  const wakes = operations.map((one) =>
    one.kind === "window" && one.for >= 20 * MINUTE ? one.at + one.for + 5_000 : 0,
  );
  return Math.max(0, ...wakes);
}

function browsersOf(people: number, random: SeededRandom): BrowserPlan[] {
  const browsers: BrowserPlan[] = [];
  for (let person = 0; person < people; person += 1) {
    const tabs = 1 + (random.chance(0.45) ? 1 : 0) + (random.chance(0.15) ? 1 : 0);
    browsers.push({ person, tabs });
  }
  // Another device of somebody who has one already.
  if (random.chance(0.2)) browsers.push({ person: random.below(people), tabs: 1 });
  return browsers;
}

function swarmOf(random: SeededRandom): Swarm {
  const all: readonly string[] = [...WINDOW_FAULTS, ...INSTANT_FAULTS];
  const draw = random.below(100);
  // Nothing at all, one kind, a few, many.
  const kinds = draw < 3 ? 0 : draw < 38 ? 1 : draw < 75 ? 2 + random.below(4) : 6 + random.below(10);
  const faults = new Set<string>();
  while (faults.size < kinds) faults.add(random.pick(all) ?? "offline");
  return { faults: [...faults] };
}

/** Somebody on a device that is not simulated says something, perhaps about something, or changes what was said. */
function changeOf(at: number, people: number, random: SeededRandom): Operation {
  const kind = random.pick(["edit", "edit", "delete", "react", "react", "say", "say", "say"] as const) ?? "say";
  return { at, kind, person: random.below(people), pick: random.below(1_000) };
}

function faultOf(
  fault: string,
  random: SeededRandom,
  until: number,
  tabs: number,
  browsers: number,
  people: number,
): Operation[] {
  const at = random.below(until - 1_000);
  const lasting = 500 + random.below(random.chance(0.3) ? 60_000 : 12_000);
  switch (fault) {
    case "disconnect":
    case "refuse-socket":
      return [{ at, kind: fault, tab: random.below(tabs) }];
    case "crash-tab":
    case "leave-room":
      return [{ at, kind: fault, tab: random.below(tabs), for: 100 + random.below(10_000) }];
    case "crash-server":
      return [
        {
          at,
          kind: fault,
          server: random.below(2),
          point: random.pick(CRASH_POINTS) ?? "now",
          for: 200 + random.below(random.chance(0.2) ? 20_000 : 4_000),
        },
      ];
    case "sign-out":
      return [{ at, kind: fault, browser: random.below(browsers), for: 500 + random.below(8_000) }];
    case "complete":
      return random.chance(0.4) ? [{ at, kind: "complete" }] : [];
    case "restore": {
      const backup = random.below(at + 1);
      return [
        { at: backup, kind: "backup" },
        { at, kind: "restore" },
      ];
    }
    case "many-changes":
      return Array.from({ length: 8 }, (_, index) => {
        const when = at + random.below(6_000);
        return index % 4 === 0
          ? { at: when, kind: "older" as const, tab: random.below(tabs) }
          : changeOf(when, people, random);
      });
    case "a-day-away": {
      if (random.chance(0.8)) return [];
      const open = { kind: "window", strength: 1, target: null, for: 25 * HOUR } as const;
      const words = { at: at + 100, kind: "send", tab: random.below(tabs), count: 3 } as const;
      return [{ at, fault: "offline", ...open }, words, { at: at + 400, fault: "frozen", ...open }];
    }
    case "auth-failed":
    case "auth-hangs": {
      const window = windowOf(fault, at, lasting, random, tabs, browsers);
      return [window, { at: at + random.below(lasting), kind: "disconnect", tab: random.below(tabs) }];
    }
    default:
      return [windowOf(fault as WindowFault, at, lasting, random, tabs, browsers)];
  }
}

function windowOf(
  fault: WindowFault,
  at: number,
  lasting: number,
  random: SeededRandom,
  tabs: number,
  browsers: number,
): Operation {
  const strength = BY_CHANCE.includes(fault) ? (random.chance(0.25) ? 1 : 0.05 + random.next() * 0.6) : 1;
  const target = (OF_A_BROWSER as readonly WindowFault[]).includes(fault)
    ? random.below(browsers)
    : (OF_A_TAB as readonly WindowFault[]).includes(fault) && random.chance(0.6)
      ? random.below(tabs)
      : null;
  const asleep = fault === "frozen" && random.chance(0.2) ? (random.chance(0.2) ? 8 * HOUR : 20 * MINUTE) : lasting;
  const base = { at, kind: "window", fault, for: asleep, strength, target } as const;
  return fault === "rest-down" ? { ...base, mode: random.pick(REST_MODES) ?? "refused" } : base;
}
