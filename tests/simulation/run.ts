import type { Plan } from "./plan";
import type { Tab } from "./tab";
import { type Violation, World } from "./world";

/** What one history came to. */
export interface Outcome {
  readonly violation: Violation | null;
  readonly operations: number;
  readonly messages: number;
  readonly struck: ReadonlyMap<string, number>;
  readonly heals: readonly Heal[];
  readonly virtualMs: number;
  readonly screensJudged: number;
}

/** How one screen came back, in milliseconds from the end of all faults. */
interface Heal {
  readonly tab: number;
  /** Until it equalled a fresh fetch. */
  readonly screenMs: number;
  /** Until no own words were waiting; null: none were. */
  readonly sentMs: number | null;
  /** Nothing could tell it what it missed. */
  readonly silent: boolean;
}

/** UI2. Two seconds, and one journey there and back on top for the repair itself. */
const HEAL_MS = 2_000 + 300;
/** A poll every 3 s with jitter: the journey of the one that met the last fault, and its own. */
const HEAL_POLLING_MS = 3_600 + 2 * 300;
/** A lost last push shows itself at the next head check, every 20-27 s; a link that died in its 16 s. */
const HEAL_SILENT_MS = 27_000 + 500;
/** RCV4: three answers in a row that could not be used. The screen says so; it asks again after 15-30 s, the log and then the snapshot. */
const HEAL_GIVEN_UP_MS = 30_000 + 1_000;
/** Signed in again in a window beside this one, to which nobody came back: it asks ever more rarely, at most 30 s apart. */
const HEAL_SIGNED_IN_BESIDE_MS = 30_000 + 1_000;
/** Once healed, a screen follows what is still being sent as fast as it may poll. */
const UPKEEP_MS = HEAL_POLLING_MS;
/** Until own words that waited have left: a last backoff, then one journey for each. */
const FLUSH_MS = 3_500;
const FLUSH_EACH_MS = 250;
const CALM_MS = 62_000;
const LIVE_WITHIN_MS = 60_000;
const CALLS_A_MINUTE_IN_CALM = 12;
const CALLS_A_MINUTE_EVER = 260;
const DELIVERED_WITHIN_MS = 1_500;

interface Patient {
  readonly tab: Tab;
  readonly deadline: number;
  readonly silent: boolean;
  readonly why: string;
  healedAt: number | null;
  differsSince: number | null;
  sentAt: number | null;
}

/** Plays a plan to its end and judges it. The same plan gives the same outcome. */
export async function runPlan(plan: Plan, trace: string[] | null = null): Promise<Outcome> {
  const world = new World(plan, trace);
  const { clock } = world;
  const broken = () => world.violations.length > 0;
  const heals: Heal[] = [];
  world.begin();
  if (!(await clock.advanceUntil(plan.until, broken))) {
    await healAll(world, heals);
    if (!broken()) await judgeCalm(world);
    if (!broken()) await judgeEnd(world);
  }
  return {
    violation: world.violations[0] ?? null,
    operations: plan.operations.length,
    messages: world.messageCount,
    struck: world.faults.struck,
    heals,
    virtualMs: clock.now,
    screensJudged: world.tabs.reduce((sum, { screen }) => sum + screen.looks, 0),
  };
}

/** I4 and UI2: how long each screen takes once nothing is in its way any more. */
async function healAll(world: World, heals: Heal[]): Promise<void> {
  const { clock } = world;
  const endedAt = clock.now;
  const examined = world.tabs.map((tab) => examine(world, tab, endedAt));
  world.endFaults();
  const patients = examined.filter(({ tab }) => tab.alive());
  const known = new Set(patients.map(({ tab }) => tab));
  for (const tab of world.tabs) if (!known.has(tab)) patients.push(examine(world, tab, endedAt));
  const longest = Math.max(...patients.map(({ deadline }) => deadline)) - clock.now;
  const look = () => {
    if (world.violations.length > 0) return true;
    let open = 0;
    for (const patient of patients) {
      const difference = world.difference(patient.tab);
      if (difference === null) {
        patient.healedAt ??= clock.now;
        patient.differsSince = null;
      } else {
        open += 1;
        // Positions are a courtesy and go on moving: they are judged again in calm.
        if (patient.healedAt === null || difference !== "other positions") patient.differsSince ??= clock.now;
        else patient.differsSince = null;
        const { healedAt, deadline, differsSince, why } = patient;
        // What could not be told before cannot be told of the next words either.
        const upkeep = patient.silent ? HEAL_SILENT_MS : UPKEEP_MS;
        if (clock.now > (healedAt === null ? deadline : (differsSince ?? clock.now) + upkeep)) {
          const after = Math.round(clock.now - endedAt);
          world.violate("I4", `${patient.tab.name}: ${difference}, ${after} ms after all faults ended (${why})`);
        }
      }
      if (world.unsent(patient.tab).length === 0) patient.sentAt ??= clock.now;
      else {
        patient.sentAt = null;
        open += 1;
      }
    }
    return open === 0 && world.unpublished() === 0;
  };
  const healed = await clock.advanceUntil(Math.max(longest, flushTime(world)) + 1_000, look);
  for (const { tab, healedAt, sentAt, silent } of patients) {
    if (healedAt === null) continue;
    const sentMs = sentAt === null || sentAt === endedAt ? null : sentAt - endedAt;
    heals.push({ tab: tab.index, screenMs: healedAt - endedAt, sentMs, silent });
  }
  if (healed || world.violations.length > 0) return;
  for (const { tab, why } of patients) {
    const difference = world.difference(tab);
    if (difference !== null) world.violate("I4", `${tab.name}: ${difference} (${why})`);
    const unsent = world.unsent(tab);
    if (unsent.length > 0)
      world.violate(
        "SND",
        `${tab.name}: ${unsent.join(", ")} not sent ${clock.now - endedAt} ms after all faults ended`,
      );
  }
  if (world.unpublished() > 0) world.violate("RELAY", `${world.unpublished()} events were never published`);
}

function flushTime(world: World): number {
  const waiting = world.browsers.reduce((sum, { storage }) => sum + storage.commands.size, 0);
  return HEAL_SILENT_MS + FLUSH_MS + waiting * FLUSH_EACH_MS;
}

/**
 * How long this screen may take, judged by what its tab can know at the end of all faults. It is told everything that
 * the network, the person or a refused or lost connection shows it, so two seconds are enough; it polls where it is
 * not connected; and nothing tells it of a last push that was lost while its link looked fine, of
 * a database put back, nor that a link which never answers again is dead: there only the head check and the silence help.
 */
function examine(world: World, tab: Tab, endedAt: number): Patient {
  const asked = Math.max(endedAt, tab.waitingForServer.until);
  const looksFine = tab.socket.state() === "connected";
  const untold = Math.max(tab.lostPositionAt, ...world.untoldPositions.values());
  const lost = tab.lostSeq > tab.deliveredSeq || untold >= tab.toldPositionsAt;
  const restored = tab.toldEpoch !== world.model.epoch;
  // Who was away or looked elsewhere asks on coming back.
  const comesBack = !tab.visible || !tab.online;
  const untellable = !comesBack && (tab.socket.blackHoled || lost || restored);
  const silent = looksFine && (untellable || (world.unpublished() > 0 && !world.publishesAgainAtOnce()));
  const { status, failure, signedOut } = tab.engine.getSnapshot();
  const signedInBeside = signedOut && !comesBack;
  // Who was removed asks ever more rarely whether they may come back.
  const gaveUp = failure === "out-of-sync" || failure === "not-found";
  const [limit, why] = gaveUp
    ? [HEAL_GIVEN_UP_MS, "gave up"]
    : signedInBeside
      ? [HEAL_SIGNED_IN_BESIDE_MS, "signed in beside"]
      : silent
        ? [HEAL_SILENT_MS, "silent"]
        : status === "polling" || !looksFine || world.unpublished() > 0
          ? [HEAL_POLLING_MS, "polling"]
          : [HEAL_MS, status];
  return {
    tab,
    deadline: asked + limit,
    silent: silent || gaveUp || signedInBeside,
    why,
    healedAt: null,
    differsSince: null,
    sentAt: null,
  };
}

/** A minute without any fault: everybody comes back to live, words travel at once, nobody asks more than it takes. */
async function judgeCalm(world: World): Promise<void> {
  const { clock } = world;
  const broken = () => world.violations.length > 0;
  // Who was removed may not subscribe, and has nothing to be live with.
  const notLive = () => members(world).filter((tab) => tab.engine.getSnapshot().status !== "live");
  await clock.advanceUntil(LIVE_WITHIN_MS, () => broken() || notLive().length === 0);
  const late = notLive().filter((tab) => tab.socket.state() !== "refused");
  for (const tab of late)
    world.violate("CON", `${tab.name} is ${tab.engine.getSnapshot().status} a minute after all faults`);
  if (broken()) return;
  await clock.advanceUntil(3_000, broken);
  const before = world.tabs.map((tab) => tab.calls.length);
  const polls = (tab: Tab) =>
    tab.socket.state() === "refused" || tab.list.getSnapshot().status !== "live" || !world.model.isMember(tab.viewer);
  const polling = new Set(world.tabs.filter(polls));
  const beganAt = clock.now;
  await clock.advanceUntil(CALM_MS, broken);
  for (const [index, tab] of world.tabs.entries()) {
    const calls = tab.calls.length - (before[index] ?? 0);
    // Who was refused, the socket or a channel, polls until it may ask for that again.
    if (calls > CALLS_A_MINUTE_IN_CALM && !polling.has(tab))
      world.violate("BUDGET", `${tab.name} made ${calls} calls in a calm minute`);
    const most = mostInAMinute(tab.calls);
    if (most > CALLS_A_MINUTE_EVER) world.violate("BUDGET", `${tab.name} made ${most} calls in one minute`);
    const difference = world.difference(tab) ?? world.differenceOfList(tab) ?? world.differenceOfNotices(tab);
    if (difference !== null) world.violate("I4", `${tab.name}: ${difference}, in calm since ${beganAt}`);
  }
  if (!broken() && world.model.status === "IN_PROGRESS") await judgeLive(world);
}

/** Words written in calm, and then read, are on every screen and in every list at once. */
async function judgeLive(world: World): Promise<void> {
  const { clock } = world;
  const broken = () => world.violations.length > 0;
  const first = members(world).find((tab) => tab.storage.commandsOf(tab).length === 0);
  if (!first) return;
  const { headSeq } = world.model;
  const judge = (what: string) => {
    for (const tab of members(world)) {
      if (tab.socket.state() === "refused") continue;
      const difference = world.difference(tab);
      if (difference !== null && difference !== "other positions")
        world.violate("LIVE", `${tab.name}: ${difference} after ${what}`);
      const inList = tab.list.getSnapshot().status === "live" ? world.differenceOfList(tab) : null;
      if (inList !== null) world.violate("LIVE", `${tab.name}: ${inList} after ${what}`);
    }
  };
  void first.send("in calm");
  await clock.advanceUntil(DELIVERED_WITHIN_MS, broken);
  if (world.model.headSeq !== headSeq + 1) world.violate("SND", "words sent in calm did not arrive");
  judge("a message in calm");
  if (broken()) return;
  const reader = members(world).find((tab) => tab.viewer !== first.viewer && tab.socket.state() !== "refused");
  reader?.lookAtAll();
  await clock.advanceUntil(DELIVERED_WITHIN_MS, broken);
  judge("a message was read in calm");
}

function members(world: World): Tab[] {
  return world.tabs.filter((tab) => world.model.isMember(tab.viewer));
}

/** The whole history, the lists, and nothing left behind. */
async function judgeEnd(world: World): Promise<void> {
  const { clock } = world;
  world.judgeHistory();
  for (const tab of world.tabs) void tab.list.refresh();
  await clock.advance(500);
  for (const tab of world.tabs) {
    const difference = world.differenceOfList(tab);
    if (difference !== null) world.violate("LIST", `${tab.name}: ${difference}`);
  }
  const stranger = world.openStranger();
  await clock.advance(2_000);
  const { items, consultation } = stranger.engine.getSnapshot();
  if (items.length > 0 || consultation !== null || stranger.heardWords) world.violate("I7", "a stranger saw something");
  const tabs = [...world.tabs, stranger];
  for (const tab of tabs) tab.close();
  await Promise.all([clock.advance(30_000), ...world.servers.map((server) => server.stop())]);
  await clock.advance(1_000);
  for (const tab of tabs) {
    const left = Object.entries(tab.leftovers).filter(([, count]) => count > 0);
    if (left.length > 0)
      world.violate("LEAK", `${tab.name}: ${left.map(([what, count]) => `${count} ${what}`).join(", ")}`);
  }
  for (const { index, storage, notices } of world.browsers) {
    if (storage.lockCount > 0) world.violate("LEAK", `browser ${index}: a lock is held`);
    if (storage.listenerCount > 0)
      world.violate("LEAK", `browser ${index}: ${storage.listenerCount} storage listeners`);
    if (notices.listenerCount > 0) world.violate("LEAK", `browser ${index}: ${notices.listenerCount} notice listeners`);
  }
  if (clock.pending > 0) world.violate("LEAK", `${clock.pending} timers are left in the world`);
}

function mostInAMinute(times: readonly number[]): number {
  let most = 0;
  let from = 0;
  for (const [index, time] of times.entries()) {
    while ((times[from] ?? time) < time - 60_000) from += 1;
    most = Math.max(most, index - from + 1);
  }
  return most;
}
