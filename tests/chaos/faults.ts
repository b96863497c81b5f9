import { setTimeout as sleep } from "node:timers/promises";
import type { HttpRule, SeenRequest } from "@/tests/support/faults/http-rules";
import type { SeededRandom } from "@/tests/support/sim/seeded-random";
import { clock } from "./deadline";
import { killAtSend, type SendMoment } from "./kill-at-send";
import type { Screen } from "./screen";
import type { ChaosWorld, Side } from "./world";

/** What a fault may say about itself while it lasts. */
export interface FaultNote {
  /** From then on pushes provably did not reach these screens. */
  silentFrom?: { at: number; screens: readonly Screen[]; allowedMs: number };
  appKills: number;
  postgresKills: number;
  /** The Channels server was away from `from` to `until`. */
  channelsDown?: { from: number; until: number };
}

interface Ground {
  readonly world: ChaosWorld;
  readonly random: SeededRandom;
  readonly note: FaultNote;
  /** Lasts by its nature, longer every fourth time. */
  readonly ms: (low: number, high: number) => number;
  readonly long: boolean;
}

type Run = (ground: Ground) => Promise<void>;

/** Begins a fault, lets it last, ends it; resolves when everything is whole again. */
export const FAULTS: Readonly<Record<string, Run>> = {
  "frames dropped": frames({ drop: 0.4 }),
  "all frames dropped": frames({ drop: 1 }),
  "frames doubled": frames({ double: 0.6, copies: 3 }),
  "frames delayed": frames({ delay: 0.5, delayMs: [100, 2_500] }),
  "frames shuffled": frames({ shuffle: 0.8, window: 10, windowMs: 700 }),
  "frames of every fate": frames({ drop: 0.15, double: 0.2, delay: 0.2, delayMs: [50, 1_500], shuffle: 0.3 }),
  "sockets in a black hole": blackHole,
  "sockets closed 4200": closeSockets(4200),
  "sockets closed 4100": closeSockets(4100),
  "sockets closed 4009": closeSockets(4009),
  "sockets refused 4004": async (ground) => {
    await duringBoth(ground, [1_000, 2_500], ({ channels }) => {
      const end = channels.refuse(4004);
      channels.cut();
      return end;
    });
  },
  "sockets cut": async ({ world }) => {
    for (const { channels } of world.sides) channels.cut();
  },
  "sockets cut and refused": async (ground) => {
    await duringBoth(ground, [1_500, 4_000], ({ channels }) => {
      const end = channels.refuse();
      channels.cut();
      return end;
    });
  },
  "authorisation 500": authorisation({ action: { status: 500 } }),
  "authorisation hangs": authorisation({ action: "hang" }),
  "publishing 500": publishing({ action: { status: 500 } }),
  "publishing 429": publishing({ action: { status: 429, headers: { "Retry-After": "1" } } }),
  "publishing hangs": publishing({ action: "hang" }),
  "app killed": async (ground) => {
    await killApp(ground, aSide(ground));
  },
  "app killed before the commit": killAt("asked"),
  "app killed after the commit": killAt("answered"),
  "app killed before the publish": killAt("before"),
  "app killed after the publish": killAt("after"),
  "PostgreSQL killed": async ({ world, note, ms }) => {
    await world.postgres.kill();
    note.postgresKills += 1;
    await sleep(ms(0, 2_000));
    await world.postgres.start();
  },
  "PostgreSQL connections cut": async ({ world }) => {
    for (const { postgres } of world.sides) postgres.cut();
  },
  "PostgreSQL refuses": async (ground) => {
    await duringBoth(ground, [1_000, 3_000], ({ postgres }) => postgres.refuse());
  },
  "PostgreSQL stands still": async (ground) => {
    await duringOne(ground, [1_000, 4_000], ({ postgres }) => postgres.hold());
  },
  "PostgreSQL in a black hole": async (ground) => {
    await duringOne(ground, [500, 1_500], ({ postgres }) => postgres.blackHole());
  },
  "Channels server killed": killChannels,
  "page crashed": async (ground) => {
    const screen = aScreen(ground);
    await screen.crash();
    await sleep(ground.ms(0, 1_000));
    await screen.reopen();
  },
  "page closed": async (ground) => {
    const screen = aScreen(ground);
    await screen.close();
    await sleep(ground.ms(0, 2_000));
    await screen.reopen();
  },
  "page reloaded": async (ground) => {
    await aScreen(ground).reload();
  },
  "tab offline": async (ground) => {
    const screen = aScreen(ground);
    await screen.setOffline(true);
    await sleep(ground.ms(1_000, 4_000));
    if (screen.offline) await screen.setOffline(false);
  },
  "browser offline": async (ground) => {
    const { context } = aSide(ground);
    const screens = ground.world.screens.filter((screen) => screen.context === context);
    await context.setOffline(true);
    for (const screen of screens) screen.markOffline(true);
    await sleep(ground.ms(1_000, 4_000));
    await context.setOffline(false);
    for (const screen of screens) screen.markOffline(false);
  },
  "reloaded with words unsent": async (ground) => {
    const screen = aScreen(ground);
    const side = ground.world.sides[screen.side];
    const end = side?.http.rule({ match: isSend, action: { status: 503, headers: { "Retry-After": "1" } } });
    await sleep(ground.ms(800, 2_000));
    await screen.reload();
    await sleep(300);
    end?.();
  },
  "tab hidden": async (ground) => {
    const screen = aScreen(ground);
    await screen.setHidden(true);
    await sleep(ground.ms(1_000, 4_000));
    if (screen.hidden) await screen.setHidden(false);
  },
  "answers to sends dropped": requests({ match: isSend, chance: 0.5, action: "drop-answer" }),
  "sends 503": requests({ match: isSend, action: { status: 503, headers: { "Retry-After": "1" } } }),
  "requests delayed": requests({ match: isApi, chance: 0.6, delayMs: 800, action: "forward" }),
  "requests cut": requests({ match: isApi, chance: 0.5, action: "cut" }),
  "app in a black hole": async (ground) => {
    await duringOne(ground, [1_000, 4_000], ({ http }) => http.blackHole());
  },
  "app refuses connections": async (ground) => {
    await duringOne(ground, [1_000, 3_000], ({ http }) => http.refuse());
  },
};

function isSend({ method, path }: SeenRequest): boolean {
  return method === "POST" && path === "/api/nachrichten";
}

function isApi({ path }: SeenRequest): boolean {
  return path.startsWith("/api/");
}

function aSide({ world, random }: Ground): Side {
  const side = random.pick(world.sides);
  if (!side) throw new Error("No side");
  return side;
}

function aScreen({ world, random }: Ground): Screen {
  const screen = random.pick(world.screens.filter(({ up }) => up)) ?? world.screens[0];
  if (!screen) throw new Error("No screen");
  return screen;
}

async function duringBoth(
  { world, ms }: Ground,
  [low, high]: readonly [number, number],
  begin: (side: Side) => () => void,
): Promise<void> {
  const ends = world.sides.map(begin);
  await sleep(ms(low, high));
  for (const end of ends) end();
}

async function duringOne(
  ground: Ground,
  [low, high]: readonly [number, number],
  begin: (side: Side) => () => void,
): Promise<void> {
  const end = begin(aSide(ground));
  await sleep(ground.ms(low, high));
  end();
}

function frames(rule: Parameters<Side["channels"]["frames"]>[0]): Run {
  return (ground) => duringBoth(ground, [1_500, 4_000], ({ channels }) => channels.frames(rule));
}

function closeSockets(code: number): Run {
  return async ({ world }) => {
    for (const { channels } of world.sides) channels.closeSockets(code);
  };
}

/** Nobody says goodbye: only silence tells. CON4 allows 20 s. */
async function blackHole(ground: Ground): Promise<void> {
  const { world, note, long, ms } = ground;
  const at = clock();
  const ends = world.sides.map(({ channels }) => channels.blackHole());
  note.silentFrom = { at, screens: world.screens, allowedMs: 21_000 };
  await sleep(long ? 26_000 : ms(1_000, 4_000));
  for (const end of ends) end();
}

function authorisation(rule: Omit<HttpRule, "match">): Run {
  return async (ground) => {
    await duringBoth(ground, [1_000, 3_000], ({ http, channels }) => {
      const end = http.rule({ ...rule, match: ({ path }) => path === "/api/pusher/auth" });
      channels.cut();
      return end;
    });
  };
}

function publishing(rule: Omit<HttpRule, "match">): Run {
  return (ground) => duringBoth(ground, [1_500, 5_000], ({ channels }) => channels.rest(rule));
}

function requests(rule: HttpRule): Run {
  return (ground) => duringOne(ground, [1_500, 4_000], ({ http }) => http.rule(rule));
}

async function killApp({ note, ms }: Ground, { app }: Side): Promise<void> {
  await app.kill();
  note.appKills += 1;
  await sleep(ms(0, 1_000));
  await app.start();
}

function killAt(moment: SendMoment): Run {
  return async (ground) => {
    const side = aSide(ground);
    await killAtSend(side, moment, 5_000);
    ground.note.appKills += 1;
    await sleep(ground.ms(0, 800));
    await side.app.start();
  };
}

async function killChannels({ world, note, long, ms }: Ground): Promise<void> {
  const from = clock();
  await world.channels.kill();
  note.silentFrom = { at: from, screens: world.screens, allowedMs: 3_000 };
  await sleep(long ? 15_000 : ms(500, 4_000));
  await world.channels.start();
  note.channelsDown = { from, until: clock() };
}
