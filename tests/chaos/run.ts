import { setTimeout as sleep } from "node:timers/promises";
import { SeededRandom } from "@/tests/support/sim/seeded-random";
import { checkRoom, claimedLive } from "./check-room";
import { Committed } from "./committed";
import { clock, until, within } from "./deadline";
import { FAULTS, type FaultNote } from "./faults";
import { type Finding, Findings } from "./findings";
import { type Delivery, deliveriesOf, type FaultRecord } from "./measures";
import type { Screen } from "./screen";
import { Typist } from "./typist";
import { type ChaosWorld, startWorld } from "./world";

export interface ChaosOptions {
  readonly distDir: string;
  readonly seed: number;
  readonly messages: number;
  readonly faults: number;
  /** Messages of one room; each is checked completely before the next one begins. */
  readonly roomSize: number;
  /** Only these kinds of fault. */
  readonly kinds?: readonly string[];
  /** Shares of the usual length of faults, for short runs. */
  readonly brisk?: number;
  /** No further fault begins after so many milliseconds: for machines that have other work. */
  readonly budgetMs?: number;
  readonly say: (line: string) => void;
  readonly signal?: AbortSignal;
}

export interface ChaosResult {
  readonly seed: number;
  readonly typed: number;
  readonly saved: number;
  readonly shown: number;
  readonly acknowledged: number;
  readonly acknowledgedLost: number;
  readonly findings: readonly Finding[];
  readonly faults: readonly FaultRecord[];
  readonly deliveries: readonly Delivery[];
  readonly appKills: number;
  readonly postgresKills: number;
  readonly seconds: number;
  /** Not all that was planned came to pass. */
  readonly brokenOff: boolean;
}

const FAULT_MS = 120_000;
const HEAL_MS = 30_000;
const LIVE_MS = 8_000;
const SAVED_MS = 30_000;
const PROGRESS_MS = 30_000;
/** Kinds after whose end the next one waits until the screens say "live". */
const AWAIT_LIVE = new Set(["Channels server killed", "sockets cut and refused", "publishing 500"]);

/** Types, breaks, heals and checks, room after room. */
export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const rooms = Math.max(1, Math.ceil(options.messages / options.roomSize));
  const world = await startWorld({ distDir: options.distDir, seed: options.seed, rooms });
  try {
    return await new Chaos(world, options).run();
  } finally {
    await world.close();
  }
}

class Chaos {
  readonly #world: ChaosWorld;
  readonly #options: ChaosOptions;
  readonly #random: SeededRandom;
  readonly #findings: Findings;
  readonly #typists: readonly Typist[];
  readonly #records: FaultRecord[] = [];
  readonly #deliveries: Delivery[] = [];
  readonly #startedAt = clock();
  #bag: string[] = [];
  #appKills = 0;
  #postgresKills = 0;
  #channelsDown: { from: number; until: number }[] = [];
  #typed = 0;
  #saved = 0;
  #shown = 0;
  #brokenOff = false;
  #saidAt = clock();

  constructor(world: ChaosWorld, options: ChaosOptions) {
    this.#world = world;
    this.#options = options;
    this.#random = new SeededRandom(options.seed);
    this.#findings = new Findings(options.say);
    const people = [...new Set(world.screens.map(({ person }) => person))];
    this.#typists = people.map(
      (person, index) =>
        new Typist(
          person,
          world.screens.filter((screen) => screen.person === person),
          options.seed * 100 + index,
        ),
    );
  }

  async run(): Promise<ChaosResult> {
    const { rooms } = this.#world;
    for (const [index, room] of rooms.entries()) {
      if (this.#options.signal?.aborted || this.#brokenOff) break;
      this.#findings.room = index + 1;
      try {
        await this.#room(room, index);
      } catch (error) {
        this.#findings.add("stuck", `the room was given up: ${(error as Error).message.slice(0, 300)}`);
        this.#options.say(this.#world.logs());
        await this.#repair();
      }
    }
    if (this.#options.signal?.aborted) this.#brokenOff = true;
    const acknowledged = [...this.#world.acknowledged];
    const rows = await this.#world.database.query<{ id: string }>("SELECT id FROM messages WHERE id = ANY ($1)", [
      acknowledged,
    ]);
    const there = new Set(rows.map(({ id }) => id));
    const acknowledgedLost = acknowledged.filter((id) => !there.has(id));
    for (const id of acknowledgedLost) this.#findings.add("lost", `${id} was acknowledged and has no row`);
    return {
      seed: this.#options.seed,
      typed: this.#typed,
      saved: this.#saved,
      shown: this.#shown,
      acknowledged: acknowledged.length,
      acknowledgedLost: acknowledgedLost.length,
      findings: this.#findings.all,
      faults: this.#records,
      deliveries: this.#deliveries,
      appKills: this.#appKills,
      postgresKills: this.#postgresKills,
      seconds: (clock() - this.#startedAt) / 1_000,
      brokenOff: this.#brokenOff,
    };
  }

  async #room(consultationId: string, index: number): Promise<void> {
    const { screens, sides, database, rooms } = this.#world;
    const { messages, faults, roomSize } = this.#options;
    const quota = Math.min(roomSize, messages - index * roomSize);
    const faultQuota = Math.round((faults * (index + 1)) / rooms.length) - Math.round((faults * index) / rooms.length);
    const committed = new Committed(database, consultationId);
    for (const typist of this.#typists) typist.typed.length = 0;
    this.#channelsDown = [];
    const people = new Map(screens.map(({ person, side }) => [person, sides[side]?.person.userId ?? ""]));

    await Promise.all(
      screens.map(async (screen) => {
        screen.forget();
        await screen.open(this.#urlOf(screen, consultationId));
      }),
    );
    const state = { typing: true, watching: true, faultsDone: 0, faultQuota, quota };
    const watching = this.#watch(committed, state);
    const typing = Promise.all(this.#typists.map((typist) => this.#type(typist, state)));
    try {
      for (let done = 0; done < faultQuota && !this.#options.signal?.aborted && !this.#overBudget(); done++) {
        await this.#breakSomething(committed);
        state.faultsDone = done + 1;
      }
      state.faultsDone = faultQuota;
      const enough = () => this.#countTyped() >= quota || this.#options.signal?.aborted === true;
      await until(enough, "the last message of the room", 10_000 + quota * 250, 50).catch(() =>
        this.#findings.add("stuck", `only ${this.#countTyped()} of ${quota} messages could be written`),
      );
    } finally {
      state.typing = false;
      await typing;
    }
    const typed = this.#typists.flatMap((typist) => typist.typed);
    try {
      if (!this.#options.signal?.aborted) {
        await this.#restoreScreens();
        await checkRoom({ committed, screens, typed, people, findings: this.#findings });
      }
    } finally {
      state.watching = false;
      await watching;
    }
    for (const typist of this.#typists) {
      for (const words of typist.kept.splice(0)) this.#findings.add("stuck", `the composer kept ${words}`);
    }
    this.#typed += typed.length;
    this.#saved += committed.rows.length;
    this.#shown += screens.reduce((sum, { log }) => sum + log.entries.length, 0);
    this.#deliveries.push(...deliveriesOf({ typed, screens, committed, channelsDown: this.#channelsDown }));
  }

  #overBudget(): boolean {
    return clock() - this.#startedAt > (this.#options.budgetMs ?? Number.POSITIVE_INFINITY);
  }

  #urlOf(screen: Screen, consultationId: string): string {
    return `${this.#world.sides[screen.side]?.http.baseUrl}/consultations/${consultationId}`;
  }

  #countTyped(): number {
    return this.#typists.reduce((sum, { typed }) => sum + typed.length, 0);
  }

  /** Writes about as fast as faults are got through, so that each meets its share of messages. */
  async #type(
    typist: Typist,
    state: { typing: boolean; faultsDone: number; faultQuota: number; quota: number },
  ): Promise<void> {
    while (state.typing && !this.#options.signal?.aborted) {
      const wrote = await typist.writeOne();
      const due = state.faultQuota === 0 ? 1 : (state.faultsDone + 1) / state.faultQuota;
      const allFaultsDone = state.faultsDone >= state.faultQuota;
      if (!wrote) await typist.pause(50, 100);
      else if (allFaultsDone) await typist.pause(0, 20);
      else if (this.#countTyped() >= state.quota * due) await typist.pause(500, 900);
      else await typist.pause(0, 60);
      if (allFaultsDone && this.#countTyped() >= state.quota) return;
    }
  }

  /** Collects what the pages note and what the database commits. */
  async #watch(committed: Committed, state: { watching: boolean }): Promise<void> {
    while (state.watching) {
      await Promise.all([
        ...this.#world.screens.map((screen) =>
          screen.drain().catch((error: Error) => {
            if (error.name === "Late") this.#findings.add("stuck", error.message);
          }),
        ),
        committed.read().catch(() => undefined),
      ]);
      this.#sayProgress(committed);
      await sleep(100);
    }
  }

  async #breakSomething(committed: Committed): Promise<void> {
    const kind = this.#nextKind();
    const run = FAULTS[kind];
    if (!run) throw new Error(`No such fault: ${kind}`);
    this.#findings.fault = kind;
    const note: FaultNote = { appKills: 0, postgresKills: 0 };
    const brisk = this.#options.brisk ?? 1;
    const from = clock();
    const ground = {
      world: this.#world,
      random: this.#random,
      note,
      long: brisk === 1 && this.#random.chance(0.25),
      ms: (low: number, high: number) => (low + this.#random.next() * (high - low)) * brisk,
    };
    await within(run(ground), `the end of "${kind}"`, FAULT_MS).catch(async (error: Error) => {
      this.#findings.add("stuck", error.message.slice(0, 500));
      await this.#repair();
    });
    const end = clock();
    this.#appKills += note.appKills;
    this.#postgresKills += note.postgresKills;
    if (note.channelsDown) this.#channelsDown.push(note.channelsDown);
    const record: FaultRecord = { kind, room: this.#findings.room, from, until: end, healMs: null, savedMs: null };
    this.#records.push(record);
    await this.#heal(committed, record);
    if (note.silentFrom) {
      const { at, screens, allowedMs } = note.silentFrom;
      for (const screen of screens) {
        if (!claimedLive(screen, at + allowedMs, note.channelsDown?.until ?? end)) continue;
        this.#findings.add("untrue", `${screen.name} said "live" ${allowedMs} ms after pushes had stopped`);
      }
    }
    await sleep(this.#random.next() * 400 * brisk);
  }

  /** I4: how long until all that was saved by then is on every visible screen. */
  async #heal(committed: Committed, record: FaultRecord): Promise<void> {
    const end = record.until;
    await this.#reviveScreens();
    const typed = this.#typists
      .flatMap((typist) => typist.typed)
      .filter(({ leftAt }) => leftAt !== null && leftAt < end);
    const head = await committed.read();
    const visible = this.#world.screens.filter((screen) => screen.visible);
    const reached = () => visible.every((screen) => !screen.up || screen.reachedAt(head) !== null);
    await until(reached, "the screens", HEAL_MS, 20).then(
      () => {
        record.healMs = Math.max(0, ...visible.map((screen) => (screen.reachedAt(head) ?? end) - end));
      },
      () => {
        for (const { name, maxSeq, connection } of visible) {
          if (maxSeq < head)
            this.#findings.add("unhealed", `${name} (${connection}) is at ${maxSeq} of ${head} after ${HEAL_MS} ms`);
        }
      },
    );
    const saved = () => typed.every(({ token }) => committed.byToken.has(token));
    await until(saved, "the words", SAVED_MS, 20).then(
      () => {
        const times = typed.map(({ token }) => committed.byToken.get(token)?.[0]?.createdAt ?? end);
        record.savedMs = Math.max(0, Math.max(0, ...times) - end);
      },
      () => {
        const missing = typed.filter(({ token }) => !committed.byToken.has(token));
        const [first] = missing;
        this.#findings.add(
          "unhealed",
          `${missing.length} messages from ${first?.token} on unsaved after ${SAVED_MS} ms`,
        );
      },
    );
    if (!AWAIT_LIVE.has(record.kind)) return;
    const live = () => visible.every((screen) => !screen.visible || screen.connection === "live");
    record.liveMs = await until(live, "live", LIVE_MS, 20).then(
      () => Math.max(0, ...visible.map((screen) => liveSince(screen) - end)),
      () => null,
    );
  }

  /** A page that died without being killed is a finding, and is opened again. */
  async #reviveScreens(): Promise<void> {
    for (const screen of this.#world.screens) {
      if (screen.up) continue;
      this.#findings.add("stuck", `${screen.name} went away by itself`);
      await screen.close();
      await screen.reopen();
    }
  }

  async #restoreScreens(): Promise<void> {
    for (const screen of this.#world.screens) {
      if (screen.hidden) await screen.setHidden(false);
      if (screen.offline) await screen.setOffline(false);
    }
    await this.#reviveScreens();
  }

  /** After something took too long: everything as it should be, so that the run can go on. */
  async #repair(): Promise<void> {
    const { sides, postgres, channels, screens } = this.#world;
    try {
      await postgres.start();
      await channels.start();
      for (const { app, context } of sides) {
        await app.start();
        await within(context.setOffline(false), "the network", 10_000);
      }
      for (const screen of screens) screen.markOffline(false);
      await Promise.all(screens.map((screen) => screen.close()));
      await Promise.all(screens.map((screen) => screen.reopen()));
    } catch (error) {
      this.#findings.add("stuck", `the run cannot go on: ${(error as Error).message.slice(0, 300)}`);
      this.#brokenOff = true;
    }
  }

  /** Every kind comes once before any comes twice. */
  #nextKind(): string {
    if (this.#bag.length === 0) this.#bag = [...(this.#options.kinds ?? Object.keys(FAULTS))];
    const [kind] = this.#bag.splice(this.#random.below(this.#bag.length), 1);
    if (kind === undefined) throw new Error("No kinds of fault");
    return kind;
  }

  #sayProgress(committed: Committed): void {
    if (clock() - this.#saidAt < PROGRESS_MS) return;
    this.#saidAt = clock();
    const seconds = Math.round((clock() - this.#startedAt) / 1_000);
    const typed = this.#typed + this.#countTyped();
    const saved = this.#saved + committed.rows.length;
    const { all } = this.#findings;
    this.#options.say(
      `${seconds} s: room ${this.#findings.room}, ${typed} written, ${saved} saved, ` +
        `${this.#records.length} faults, ${all.length} findings (now: ${this.#findings.fault})`,
    );
  }
}

/** When the screen began to say what it says. */
function liveSince(screen: Screen): number {
  const last = screen.log.entries.findLast(({ entry }) => entry.kind === "connection")?.entry;
  return last?.at ?? 0;
}
