import { expect, test } from "vitest";
import type { Event } from "@/lib/protocol/event";
import { type Publishable, PublishError, type RelayPorts, type RelayReport } from "@/lib/server/relay/ports";
import { createRelay } from "@/lib/server/relay/relay";
import { VirtualClock } from "@/tests/support/sim/virtual-clock";

const LEASE_MS = 10_000;

/** The cursors of a few consultations, with the rules of the SQL. */
class Cursors {
  readonly #cursors = new Map<
    string,
    { head: number; published: number; fence: number; holder: string | null; until: number }
  >();
  claims = 0;
  postponed = 0;
  /** How long the statement that gives a lease back is under way. */
  postponeMs = 0;
  /** So many of the next statements of this kind fail. */
  readonly failing = { claim: 0, revive: 0 };

  constructor(readonly clock: VirtualClock) {}

  append(id: string, events = 1): void {
    this.of(id).head += events;
  }

  /** The append's own lease. */
  take(id: string, owner: string): number {
    const cursor = this.of(id);
    Object.assign(cursor, { fence: cursor.fence + 1, holder: owner, until: this.clock.now + LEASE_MS });
    return cursor.fence;
  }

  of(id: string) {
    const cursor = this.#cursors.get(id) ?? { head: 0, published: 0, fence: 0, holder: null, until: 0 };
    this.#cursors.set(id, cursor);
    return cursor;
  }

  ports(): RelayPorts["lease"] {
    return {
      claim: async (owner, most) => {
        this.claims += 1;
        if (this.failing.claim-- > 0) throw new Error("no claim");
        const free = [...this.#cursors].filter(
          ([, { head, published, until }]) => head > published && until <= this.clock.now,
        );
        return free.slice(0, most).map(([consultationId, { published, head }]) => {
          const fence = this.take(consultationId, owner);
          return { consultationId, fence, events: eventsOf(consultationId, published + 1, head) };
        });
      },
      advance: async ({ consultationId, fence }, seq) => {
        const cursor = this.of(consultationId);
        if (cursor.fence !== fence || cursor.holder === null) return { outcome: "lost", events: [] };
        cursor.published = Math.max(cursor.published, seq);
        const events = eventsOf(consultationId, cursor.published + 1, cursor.head);
        Object.assign(cursor, events.length ? { until: this.clock.now + LEASE_MS } : { holder: null, until: 0 });
        return { outcome: "ok", events };
      },
      postpone: async ({ consultationId, fence }) => {
        if (this.postponeMs > 0) await this.clock.sleep(this.postponeMs);
        const cursor = this.of(consultationId);
        if (cursor.fence !== fence || cursor.holder === null) return;
        this.postponed += 1;
        Object.assign(cursor, { holder: null, until: this.clock.now + 30_000 });
      },
      revive: async () => {
        if (this.failing.revive-- > 0) throw new Error("not revived");
        for (const cursor of this.#cursors.values()) if (cursor.holder === null) cursor.until = 0;
      },
    };
  }
}

function eventsOf(consultationId: string, from: number, to: number): Event[] {
  const count = Math.max(0, Math.min(10, to - from + 1));
  return Array.from({ length: count }, (_, index) => eventOf(consultationId, from + index));
}

function eventOf(consultationId: string, seq: number): Event {
  return { consultationId, seq, type: "new-message" } as Event;
}

/** One relay with everything around it under the test's hand. */
function setUp() {
  const clock = new VirtualClock();
  const cursors = new Cursors(clock);
  const pushed: string[] = [];
  const calls: number[] = [];
  const probes: number[] = [];
  const reports: RelayReport["kind"][] = [];
  const provider = {
    publish: async (_events: readonly Publishable[]): Promise<void> => undefined,
    probe: async (): Promise<void> => undefined,
  };
  const fail = (reason: PublishError["reason"]) => {
    provider.publish = async () => Promise.reject(new PublishError(reason));
    provider.probe = provider.publish as () => Promise<void>;
  };
  const recover = () => {
    provider.publish = async () => undefined;
    provider.probe = async () => undefined;
  };
  const relay = createRelay({
    lease: cursors.ports(),
    async publish(events) {
      calls.push(clock.now);
      await provider.publish(events);
      pushed.push(...events.map(({ consultationId, seq }) => `${consultationId}${seq}`));
    },
    async probe() {
      probes.push(clock.now);
      await provider.probe();
    },
    clock: { now: () => clock.now, after: (ms, run) => clock.after(ms, run) },
    random: { next: () => 0.5 },
    owner: "relay",
    report: ({ kind }) => reports.push(kind),
  });
  /** What appendEvent does. */
  const append = (id: string) => {
    cursors.append(id);
    const cursor = cursors.of(id);
    const owner = relay.leaseOwner();
    const idle = cursor.published === cursor.head - 1 && cursor.holder === null;
    relay.publishAppended(eventOf(id, cursor.head), idle && owner ? cursors.take(id, owner) : null);
  };
  return { clock, cursors, pushed, calls, probes, reports, provider, fail, recover, relay, append };
}

test("F1 an outage costs one probe a second, whatever is appended, and is told once", async () => {
  const { clock, cursors, calls, probes, reports, fail, relay, append } = setUp();
  relay.start();
  fail("away");
  append("a");
  await clock.advance(0);
  expect(relay.pushState()).toBe("delayed");
  for (let index = 0; index < 200; index++) {
    append("a");
    append(`other ${index}`);
    await clock.advance(50);
  }
  expect(calls).toHaveLength(1);
  expect(cursors.postponed).toBe(1);
  expect(probes.length).toBeGreaterThanOrEqual(9);
  expect(probes.length).toBeLessThanOrEqual(11);
  expect(reports).toEqual(["provider-away"]);
  await relay.stop();
});

test("F1 within two seconds of the provider's return everything waiting is on its way, without any pause", async () => {
  const { clock, cursors, pushed, reports, fail, recover, relay, append } = setUp();
  relay.start();
  fail("away");
  for (let index = 0; index < 100; index++) append(`c${index % 50}.`);
  await clock.advance(120_000);
  expect(pushed).toEqual([]);
  recover();
  await clock.advance(2_000);
  expect(pushed).toHaveLength(100);
  expect(relay.pushState()).toBe("ok");
  expect(reports).toEqual(["provider-away", "provider-back"]);
  expect(cursors.of("c0.").published).toBe(2);
  await relay.stop();
});

test("F1 what was given back for half a minute is revived as soon as the provider is back", async () => {
  const { clock, cursors, pushed, fail, recover, relay, append } = setUp();
  relay.start();
  fail("away");
  append("a");
  await clock.advance(5_000);
  expect(cursors.postponed).toBe(1);
  recover();
  await clock.advance(2_000);
  expect(pushed).toHaveLength(1);
  await relay.stop();
});

test("F1 a provider that hangs is asked again every second although no probe has been answered, and not without bound", async () => {
  const { clock, probes, provider, fail, relay, append } = setUp();
  relay.start();
  fail("away");
  append("a");
  await clock.advance(0);
  const hang = () => new Promise<void>((_, reject) => clock.after(3_000, () => reject(new PublishError("away"))));
  provider.probe = hang;
  await clock.advance(30_000);
  expect(probes.length).toBeGreaterThan(25);
  provider.probe = () => new Promise(() => undefined);
  await clock.advance(10_000);
  const stuck = probes.length;
  await clock.advance(60_000);
  expect(probes.length).toBe(stuck);
  await relay.stop();
});

test("F1 a call that began before the provider came back and fails after it is repeated, not taken for a new outage", async () => {
  const { clock, pushed, reports, provider, fail, recover, relay, append } = setUp();
  relay.start();
  let failSlowly: () => void = () => undefined;
  provider.publish = () =>
    new Promise<void>((_, reject) => {
      failSlowly = () => reject(new PublishError("away"));
    });
  append("slow");
  await clock.advance(0);
  fail("away");
  append("fast");
  await clock.advance(500);
  recover();
  await clock.advance(1_000);
  expect(reports).toEqual(["provider-away", "provider-back"]);
  failSlowly();
  await clock.advance(100);
  expect(pushed.sort()).toEqual(["fast1", "slow1"]);
  expect(reports).toEqual(["provider-away", "provider-back"]);
  expect(relay.pushState()).toBe("ok");
  await relay.stop();
});

test("F2 refused credentials: one loud report, slow probes, nothing lost, and live again once they are accepted", async () => {
  const { clock, calls, probes, pushed, reports, fail, recover, relay, append } = setUp();
  relay.start();
  fail("refused");
  for (let index = 0; index < 600; index++) {
    append("a");
    await clock.advance(1_000);
  }
  expect(calls.length).toBe(1);
  expect(probes.length).toBeLessThanOrEqual(600 / 15);
  expect(probes.length).toBeGreaterThanOrEqual(600 / 30);
  expect(reports).toEqual(["provider-refuses-us"]);
  expect(relay.pushState()).toBe("delayed");
  recover();
  await clock.advance(31_000);
  expect(pushed).toEqual(Array.from({ length: 600 }, (_, index) => `a${index + 1}`));
  await relay.stop();
});

test("F34 events that the provider takes in no form hold up their own consultation and no other", async () => {
  const { clock, cursors, pushed, reports, provider, relay, append } = setUp();
  relay.start();
  provider.publish = async ([first]) => {
    if (first?.consultationId === "bad") throw new PublishError("events");
  };
  for (let index = 0; index < 20; index++) {
    append("bad");
    append("good");
    await clock.advance(100);
  }
  await clock.advance(5_000);
  expect(pushed).toEqual(Array.from({ length: 20 }, (_, index) => `good${index + 1}`));
  expect(relay.pushState()).toBe("ok");
  expect(new Set(reports)).toEqual(new Set(["publish-failed"]));
  expect(cursors.postponed).toBeLessThanOrEqual(2);
  await relay.stop();
});

test("F33 a holder that was frozen asks the database before it pushes, and finds that another has gone on", async () => {
  const { clock, cursors, pushed, relay } = setUp();
  cursors.append("a", 25);
  const { advance } = cursors.ports();
  const lease = cursors.ports();
  let frozen = false;
  const holder = createRelay({
    lease: {
      ...lease,
      async advance(publication, seq) {
        const answer = await advance(publication, seq);
        if (frozen) return answer;
        // Frozen with the next events in its hands; its lease ends, and another relay publishes everything.
        frozen = true;
        clock.now += 15_000;
        const [heir] = await lease.claim("heir", 1);
        if (heir) await advance(heir, 25);
        return answer;
      },
    },
    publish: async (events) => void pushed.push(...events.map(({ seq }) => `${seq}`)),
    probe: async () => undefined,
    clock: { now: () => clock.now, after: (ms, run) => clock.after(ms, run) },
    random: { next: () => 0.5 },
    owner: "holder",
    report: () => undefined,
  });
  expect(await holder.sweepOnce()).toEqual({ published: 10 });
  expect(pushed).toHaveLength(10);
  expect(cursors.of("a")).toMatchObject({ published: 25, holder: null });
  await relay.stop();
});

test("F33 a claim whose answer came after the lease had run out is not published", async () => {
  const { clock, cursors, pushed, relay } = setUp();
  cursors.append("a", 3);
  const lease = cursors.ports();
  const late = createRelay({
    lease: {
      ...lease,
      async claim(owner, most, held) {
        const claimed = await lease.claim(owner, most, held);
        clock.now += 12_000;
        const [heir] = await lease.claim("heir", 1);
        if (heir) await lease.advance(heir, 3);
        return claimed;
      },
    },
    publish: async (events) => void pushed.push(...events.map(({ seq }) => `${seq}`)),
    probe: async () => undefined,
    clock: { now: () => clock.now, after: (ms, run) => clock.after(ms, run) },
    random: { next: () => 0.5 },
    owner: "late",
    report: () => undefined,
  });
  expect(await late.sweepOnce()).toEqual({ published: 0 });
  expect(pushed).toEqual([]);
  await relay.stop();
});

test("F32 a holder that is told of another process's append asks for it at once instead of lingering", async () => {
  const { clock, cursors, pushed, provider, relay, append } = setUp();
  relay.start();
  await clock.advance(0);
  append("a");
  await clock.advance(5);
  expect(pushed).toEqual(["a1"]);
  cursors.append("a");
  relay.wake("a", { heldElsewhere: true });
  await clock.advance(0);
  expect(pushed).toEqual(["a1", "a2"]);

  provider.publish = () => clock.sleep(20);
  cursors.append("a");
  relay.wake("a", { heldElsewhere: true });
  await clock.advance(10);
  // While its call is under way.
  cursors.append("a");
  relay.wake("a", { heldElsewhere: true });
  await clock.advance(30);
  expect(pushed).toEqual(["a1", "a2", "a3", "a4"]);
  await relay.stop();
});

test("F32 a relay that is told of an unheld append sweeps at once, once for many words; of a held one not at all", async () => {
  const { clock, cursors, pushed, relay } = setUp();
  relay.start();
  await clock.advance(100);
  const before = cursors.claims;
  for (let index = 0; index < 50; index++) relay.wake(`held ${index}`, { heldElsewhere: true });
  await clock.advance(100);
  expect(cursors.claims).toBe(before);
  cursors.append("a");
  for (let index = 0; index < 50; index++) relay.wake("a");
  await clock.advance(25);
  expect(pushed).toEqual(["a1"]);
  expect(cursors.claims).toBeLessThanOrEqual(before + 2);
  await relay.stop();
});

test("F12 the cursor moves only after the push: dying in between means once more, never less", async () => {
  const { clock, cursors, provider, relay } = setUp();
  relay.start();
  await clock.advance(0);
  cursors.append("a", 3);
  const seen: number[] = [];
  provider.publish = async () => {
    seen.push(cursors.of("a").published);
  };
  relay.wake();
  await clock.advance(1_000);
  expect(seen).toEqual([0]);
  expect(cursors.of("a").published).toBe(3);
  await relay.stop();
});

/** A relay that has a push on its way for as long as the test likes; what it was asked to push, and from where. */
async function setUpBusy() {
  const world = setUp();
  const pushes: string[] = [];
  let letGo = (): void => undefined;
  world.provider.publish = async (events) => {
    // The cursors' own events carry no data.
    const kindOf = (event: Publishable) => ("hint" in event ? "hint" : "data" in event ? "words" : "database");
    pushes.push(...events.map((event) => `${kindOf(event)} ${event.seq}`));
    await new Promise<void>((resolve) => {
      letGo = resolve;
    });
  };
  const said = (seq: number) => ({ ...eventOf("a", seq), data: { message: "words" } }) as unknown as Event;
  world.relay.start();
  world.cursors.append("a");
  world.relay.publishAppended(said(1), world.cursors.take("a", "relay"));
  await world.clock.advance(0);
  const go = async () => {
    letGo();
    await world.clock.advance(0);
  };
  return { ...world, pushes, said, go };
}

test("F28 UI4 ATK102 what waits in memory when somebody is removed goes out as hints, and all that follows", async () => {
  const { cursors, relay, clock, pushes, said, go } = await setUpBusy();
  for (const seq of [2, 3]) {
    cursors.append("a");
    relay.publishAppended(said(seq), null);
  }
  cursors.append("a");
  relay.publishAppended(said(4), null, { hintsOnly: true });
  await go();
  cursors.append("a");
  relay.publishAppended(said(5), null, { hintsOnly: true });
  await go();
  await go();
  await clock.advance(2_000);
  expect(pushes).toEqual(["words 1", "hint 2", "hint 3", "hint 4", "hint 5"]);

  cursors.append("a");
  relay.publishAppended(said(6), cursors.take("a", "relay"), { hintsOnly: true });
  await clock.advance(0);
  expect(pushes.at(-1)).toBe("hint 6");
  await go();
  await relay.stop();
});

test("F28 UI4 a removal by another process: what waits in memory here is asked of the database again", async () => {
  const { cursors, relay, clock, pushes, said, go } = await setUpBusy();
  cursors.append("a");
  relay.publishAppended(said(2), null);
  cursors.append("a");
  relay.wake("a", { heldElsewhere: true });
  await go();
  await go();
  await clock.advance(2_000);
  expect(pushes).toEqual(["words 1", "database 2", "database 3"]);
  await relay.stop();
});

/** People who never pause: each room's next message comes a moment after the last was heard. */
function setUpLively(rooms: number, pauseMs = 10) {
  const world = setUp();
  const { clock, pushed, relay, append } = world;
  const ids = Array.from({ length: rooms }, (_, index) => `room ${index}: `);
  const heardAt = new Map(ids.map((id) => [id, 0]));
  let longestMs = 0;
  const heard = () => {
    for (const push of pushed.slice(seen)) {
      const id = ids.find((one) => push.startsWith(one));
      if (id === undefined) continue;
      longestMs = Math.max(longestMs, clock.now - (heardAt.get(id) ?? 0));
      heardAt.set(id, clock.now);
      if (talking) clock.after(pauseMs, () => append(id));
    }
    seen = pushed.length;
  };
  let seen = 0;
  let talking = true;
  clock.onStep = heard;
  relay.start();
  for (const id of ids) append(id);
  return {
    ...world,
    /** The longest time for which any room has heard nothing. */
    longestMs: () => Math.max(longestMs, ...[...heardAt.values()].map((at) => clock.now - at)),
    async hush() {
      talking = false;
      await clock.advance(5_000);
    },
  };
}

test("W10 a moment's failure: rooms that never fall silent leave none behind that waits for its turn", async () => {
  const { clock, fail, recover, relay, longestMs, hush, pushed, reports } = setUpLively(50);
  await clock.advance(1_000);
  fail("away");
  await clock.advance(50);
  recover();
  await clock.advance(5_000);
  expect(longestMs()).toBeLessThan(1_000);
  expect(reports).toEqual(["provider-away", "provider-back"]);
  await hush();
  expect(new Set(pushed).size).toBe(pushed.length);
  await relay.stop();
});

test("W10 what one call left behind while all others succeed is repeated at once, and nobody calls it an outage", async () => {
  const { clock, provider, relay, longestMs, hush, pushed, reports, cursors } = setUpLively(50);
  await clock.advance(1_000);
  let failed = 0;
  provider.publish = async () => {
    await clock.sleep(5);
    if (failed === 0 && clock.now > 1_200) {
      failed += 1;
      await clock.sleep(100);
      throw new PublishError("away");
    }
  };
  await clock.advance(2_000);
  expect(failed).toBe(1);
  expect(longestMs()).toBeLessThan(300);
  expect(reports).toEqual([]);
  expect(cursors.postponed).toBe(0);
  await hush();
  expect(new Set(pushed).size).toBe(pushed.length);
  await relay.stop();
});

test("W10 a room whose own calls always fail waits alone, and opens nothing for the others", async () => {
  const { clock, provider, relay, append, longestMs, reports, calls } = setUpLively(5);
  provider.publish = async ([first]) => {
    await clock.sleep(first?.consultationId === "bad" ? 100 : 5);
    if (first?.consultationId === "bad") throw new PublishError("away");
  };
  await clock.advance(100);
  append("bad");
  await clock.advance(5_000);
  expect(longestMs()).toBeLessThan(100);
  expect(relay.pushState()).toBe("ok");
  expect(new Set(reports)).toEqual(new Set(["publish-failed"]));
  expect(calls.length).toBeGreaterThan(500);
  provider.publish = async () => undefined;
  await clock.advance(1_000);
  await relay.stop();
});

test("W10 a room whose own calls have failed for a while is heard soon after they work, however often it was given back", async () => {
  const { clock, provider, relay, append, pushed } = setUpLively(5);
  let failing = true;
  provider.publish = async ([first]) => {
    const bad = first?.consultationId === "bad" && failing;
    await clock.sleep(bad ? 100 : 5);
    if (bad) throw new PublishError("away");
  };
  await clock.advance(100);
  append("bad");
  await clock.advance(8_000);
  failing = false;
  await clock.advance(1_500);
  expect(pushed).toContain("bad1");
  await relay.stop();
});

test("W10 what is being given back while the circuit closes does not keep its pause", async () => {
  const { clock, cursors, pushed, fail, recover, relay, append } = setUp();
  relay.start();
  await clock.advance(0);
  cursors.postponeMs = 1_500;
  fail("away");
  append("a");
  await clock.advance(10);
  recover();
  await clock.advance(1_700);
  expect(pushed).toEqual(["a1"]);
  await relay.stop();
});

test("W10 pauses end although the first statement that ends them fails", async () => {
  const { clock, cursors, pushed, fail, recover, relay, append } = setUp();
  relay.start();
  await clock.advance(0);
  fail("away");
  append("a");
  await clock.advance(10);
  recover();
  cursors.failing.revive = 1;
  await clock.advance(500);
  expect(pushed).toEqual(["a1"]);
  await relay.stop();
});

test("W10 a process that starts ends the pauses that an earlier one has left", async () => {
  const { clock, cursors, pushed, relay } = setUp();
  cursors.append("a");
  await cursors.ports().postpone({ consultationId: "a", fence: cursors.take("a", "earlier"), events: [] });
  relay.start();
  await clock.advance(100);
  expect(pushed).toEqual(["a1"]);
  await relay.stop();
});

test("W10 one failed question for what is free is repeated at once; a failing database is asked once a second", async () => {
  const { clock, cursors, pushed, reports, relay } = setUp();
  cursors.append("a");
  cursors.failing.claim = 1;
  relay.start();
  await clock.advance(100);
  expect(pushed).toEqual(["a1"]);
  expect(reports).toEqual(["sweep-failed"]);
  cursors.failing.claim = Number.POSITIVE_INFINITY;
  cursors.claims = 0;
  await clock.advance(10_000);
  expect(cursors.claims).toBeLessThanOrEqual(12);
  await relay.stop();
});

test("W10 a long backlog is read batch after batch without waiting for anybody to write", async () => {
  const { clock, cursors, pushed, relay } = setUp();
  cursors.append("a", 2_000);
  relay.start();
  await clock.advance(500);
  expect(pushed).toHaveLength(2_000);
  await relay.stop();
});

test("W10 long backlogs keep nobody else waiting for their end", async () => {
  const { clock, cursors, pushed, provider, relay } = setUp();
  provider.publish = () => clock.sleep(100);
  for (let index = 0; index < 16; index++) cursors.append(`long ${index}: `, 1_000);
  for (let index = 0; index < 16; index++) cursors.append(`short ${index}: `);
  relay.start();
  await clock.advance(1_500);
  expect(pushed.filter((push) => push.startsWith("short"))).toHaveLength(16);
  expect(pushed.length).toBeLessThan(16 * 1_000);
  provider.publish = async () => undefined;
  await clock.advance(1_000);
  await relay.stop();
});
