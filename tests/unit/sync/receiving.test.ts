import { describe, expect, it } from "vitest";
import type { Event } from "@/lib/protocol/event";
import { messagesOf, normalFormOfItems } from "@/tests/support/sim/normal-form";
import { ANNA, CONSULTATION_ID, refused, WEBER } from "@/tests/support/sim/server-model";
import { CHANNEL, NO_FAULTS, type SimTransport } from "@/tests/support/sim/sim-network";
import { type SimClient, World } from "@/tests/support/sim/world";

/** Commits without any push, and gives the events to deliver by hand. */
function commitSilently(world: World, texts: readonly string[]): Event[] {
  const events: Event[] = [];
  const { onCommit } = world.server;
  world.server.onCommit = (event) => events.push(structuredClone(event));
  for (const text of texts) world.say(WEBER, text);
  world.server.onCommit = onCommit;
  return events;
}

function deliver(transport: SimTransport, ...events: readonly (Event | undefined)[]): void {
  for (const event of events) if (event) transport.deliver(CHANNEL, event.type, event);
}

/** A tab whose machine sleeps: its timers run all at once when it wakes. To be called before there are any. */
function freezable({ clock }: World): () => () => void {
  const after = clock.after.bind(clock);
  const late = new Set<() => void>();
  let frozen = false;
  clock.after = (ms, run) => {
    const cancel = after(ms, () => (frozen ? late.add(run) : run()));
    return () => {
      cancel();
      late.delete(run);
    };
  };
  return () => {
    frozen = true;
    return () => {
      frozen = false;
      for (const run of late) run();
    };
  };
}

describe("RCV1 the gap", () => {
  it("RCV1 an early event is held, and no fetch is made when the missing one follows in time", async () => {
    const world = new World();
    const client = await world.liveClient(ANNA);
    const fetches = client.api.count("readEvents");
    const [one, two, three] = commitSilently(world, ["one", "two", "three"]);
    deliver(client.transport, three, two);
    await world.clock.advance(399);
    expect(client.texts).toEqual([]);
    deliver(client.transport, one);
    await world.clock.advance(5_000);
    expect(client.texts).toEqual(["one", "two", "three"]);
    expect(client.api.count("readEvents")).toBe(fetches);
  });

  it("RCV1 after 400 ms it is fetched, from the last number applied", async () => {
    const world = new World();
    const client = await world.liveClient(ANNA);
    const fetches = client.api.count("readEvents");
    const [, two] = commitSilently(world, ["one", "two"]);
    deliver(client.transport, two);
    await world.clock.advance(399);
    expect(client.api.count("readEvents")).toBe(fetches);
    await world.clock.advance(30);
    expect(client.api.calls.at(-1)).toMatchObject({ method: "readEvents", argument: { after: 0 } });
    expect(client.texts).toEqual(["one", "two"]);
    await world.clock.advance(10_000);
    expect(client.api.count("readEvents")).toBe(fetches + 1);
  });

  it("RCV1 a backlog is fetched in pages until the head", async () => {
    const world = new World();
    const client = await world.liveClient(ANNA);
    const events = commitSilently(
      world,
      Array.from({ length: 450 }, (_, index) => `${index}`),
    );
    deliver(client.transport, events.at(-1));
    await world.clock.advance(600);
    expect(client.view.items).toHaveLength(450);
    const asked = client.api.calls.filter(({ method }) => method === "readEvents").slice(-3);
    expect(asked.map(({ argument }) => (argument as { after: number }).after)).toEqual([0, 200, 400]);
  });

  it("RCV1 a doubled or late event shows once", async () => {
    const world = new World();
    const client = await world.liveClient(ANNA);
    const [one, two] = commitSilently(world, ["one", "two"]);
    deliver(client.transport, one, one, two, one, two);
    await world.clock.advance(1_000);
    expect(client.texts).toEqual(["one", "two"]);
    expect(client.untruths).toEqual([]);
  });
});

describe("RCV3 what waits", () => {
  it("RCV3 an event of another history that came before the first load does not keep a gap open (simulation, seed 1046)", async () => {
    const world = new World();
    world.say(WEBER, "here");
    const client = world.client(ANNA);
    client.api.latencyMs = () => 300;
    client.start();
    await world.clock.advance(150);
    const [pushed] = commitSilently(world, ["of a history that was left"]);
    world.server.restoreTo(1);
    if (!pushed) return expect.unreachable();
    deliver(client.transport, { ...pushed, seq: 9 });
    await world.clock.advance(2_000);
    const before = client.api.count("readEvents");
    await world.clock.advance(15_000);
    expect(client.texts).toEqual(["here"]);
    expect(client.api.count("readEvents") - before).toBe(0);
  });
});

describe("RCV2 when to ask", () => {
  it("RCV2 after the subscription, not before it: what was committed in between is found", async () => {
    const world = new World();
    world.say(WEBER, "before");
    const client = world.client(ANNA);
    client.engine.offer(world.server.readSnapshot());
    client.start();
    world.say(WEBER, "between the rendering and the subscription");
    await world.clock.advance(200);
    expect(client.texts).toEqual(["before", "between the rendering and the subscription"]);
    expect(client.api.count("readSnapshot")).toBe(0);
    expect(client.api.count("readEvents")).toBe(1);
  });

  it.each(["online", "visible"] as const)("RCV2 on %s, at once", async (signal) => {
    const world = new World();
    const client = await world.liveClient(ANNA);
    client.signals.set(signal === "online" ? "offline" : "hidden");
    commitSilently(world, ["missed"]);
    await world.clock.advance(100);
    expect(client.texts).toEqual([]);
    client.signals.set(signal);
    await world.clock.advance(50);
    expect(client.texts).toEqual(["missed"]);
  });

  it("RCV2 after every later success of the subscription", async () => {
    const world = new World();
    const client = await world.liveClient(ANNA);
    client.transport.disconnect();
    commitSilently(world, ["missed"]);
    client.transport.connect();
    await world.clock.advance(100);
    expect(client.texts).toEqual(["missed"]);
  });

  it("RCV2 B2 while live and visible a head check every 20-27 s, at most 3 a minute; none while hidden", async () => {
    const world = new World();
    const client = await world.liveClient(ANNA);
    await world.clock.advance(10_000);
    const before = client.api.calls.length;
    await world.clock.advance(10 * 60_000);
    const times = client.api.calls.slice(before).map(({ at }) => at);
    const gaps = times.slice(1).map((at, index) => at - (times[index] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(20_000);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(27_100);
    expect(new Set(gaps).size).toBeGreaterThan(5);
    client.signals.set("hidden");
    const hidden = client.api.calls.length;
    await world.clock.advance(10 * 60_000);
    expect(client.api.calls.length).toBe(hidden);
  });

  it("RCV2 F4 a lost last event is found by the head check within 30 s", async () => {
    const world = new World();
    const client = await world.liveClient(ANNA);
    commitSilently(world, ["lost last"]);
    await world.clock.advance(30_000);
    expect(client.texts).toEqual(["lost last"]);
  });

  it("RCV2 one fetch in flight and at most one pending, however many ask", async () => {
    const world = new World();
    const client = await world.liveClient(ANNA);
    client.api.latencyMs = () => 500;
    const before = client.api.count("readEvents");
    for (let i = 0; i < 20; i += 1) client.signals.set("visible");
    await world.clock.advance(900);
    expect(client.api.count("readEvents")).toBe(before + 1);
    await world.clock.advance(3_000);
    expect(client.api.count("readEvents")).toBe(before + 2);
  });

  it("RCV2 a hint and an unreadable push are fetched", async () => {
    const world = new World();
    const client = await world.liveClient(ANNA);
    const [one] = commitSilently(world, ["one"]);
    if (!one) throw new Error("an event expected");
    const { v, consultationId, epoch, seq, type } = one;
    client.transport.deliver(CHANNEL, "new-message", { v, consultationId, epoch, seq, type, hint: true });
    await world.clock.advance(50);
    expect(client.texts).toEqual(["one"]);
    const [two] = commitSilently(world, ["two"]);
    client.transport.deliver(CHANNEL, "new-message", { ...two, v: 2 });
    await world.clock.advance(50);
    expect(client.texts).toEqual(["one", "two"]);
  });
});

describe("RCV2 how often to ask", () => {
  /** When the log was asked from now on, relative to now. */
  async function askedWhile(client: SimClient, ms: number): Promise<number[]> {
    const { clock } = client.world;
    const [before, began] = [client.api.calls.length, clock.now];
    await clock.advance(ms);
    const asked = client.api.calls.slice(before).filter(({ method }) => method === "readEvents");
    return asked.map(({ at }) => at - began);
  }
  const gaps = (times: readonly number[]) => times.slice(1).map((at, index) => at - (times[index] ?? 0));

  it("RCV2 UI2 a failed question is asked again within 1.5 s while it is news, every 5 s at most later, rarely while hidden", async () => {
    const world = new World();
    const client = await world.liveClient(ANNA);
    client.api.faults = { ...NO_FAULTS, unavailable: 1 };
    client.signals.set("visible");
    const news = gaps(await askedWhile(client, 60_000));
    expect(Math.min(...news)).toBeGreaterThanOrEqual(500);
    expect(Math.max(...news)).toBeLessThanOrEqual(1_550);
    await world.clock.advance(10 * 60_000);
    const later = gaps(await askedWhile(client, 60_000));
    expect(Math.max(...later)).toBeLessThanOrEqual(5_050);
    expect(later.length).toBeLessThan(36);
    client.signals.set("hidden");
    await world.clock.advance(5 * 60_000);
    const hidden = gaps(await askedWhile(client, 5 * 60_000));
    expect(Math.min(...hidden)).toBeGreaterThanOrEqual(9_900);
    expect(Math.max(...hidden)).toBeLessThanOrEqual(30_050);
    client.signals.set("visible");
    expect(Math.max(...gaps(await askedWhile(client, 20_000)))).toBeLessThanOrEqual(1_550);
    world.say(WEBER, "the end");
    client.api.faults = NO_FAULTS;
    await world.clock.advance(2_000);
    expect(client.texts).toEqual(["the end"]);
    client.stop();
  });

  const untrue: [string, (real: Event, i: number) => unknown][] = [
    ["hints of events that nobody wrote", (real, i) => ({ ...real, seq: 900 + i, data: undefined, hint: true })],
    ["hints of another history", (real, i) => ({ ...real, epoch: "other", seq: i, data: undefined, hint: true })],
    ["pushes that nobody can read", () => ({ v: 7 })],
    ["events far ahead", (real, i) => ({ ...real, seq: 900 + i })],
    ["events of another history", (real, i) => ({ ...real, epoch: "other", seq: 900 + i })],
  ];
  it.each(untrue)("S9 %s are a reason to ask once in 5 s, however many there are", async (_what, push) => {
    const world = new World();
    const client = await world.liveClient(ANNA);
    const [real] = commitSilently(world, ["first"]);
    if (!real) throw new Error("an event expected");
    deliver(client.transport, real);
    const asked = askedWhile(client, 15_000);
    for (let i = 0; i < 60; i += 1) {
      world.clock.after(i * 200, () => client.transport.deliver(CHANNEL, "new-message", push(real, i)));
    }
    const times = await asked;
    expect(times.length).toBeGreaterThanOrEqual(2);
    expect(times.length).toBeLessThanOrEqual(4);
    expect(Math.min(...gaps(times))).toBeGreaterThanOrEqual(4_900);
    // What is true comes through all the while, and at the end nothing is missing.
    world.say(WEBER, "pushed");
    await world.clock.advance(100);
    expect(client.texts).toEqual(["first", "pushed"]);
    commitSilently(world, ["hinted"]);
    await world.clock.advance(6_000);
    client.signals.set("visible");
    await world.clock.advance(100);
    expect(client.texts).toEqual(["first", "pushed", "hinted"]);
  });

  it("S9 a hint that is true is fetched at once, however many come", async () => {
    const world = new World();
    const client = await world.liveClient(ANNA);
    for (let i = 0; i < 10; i += 1) {
      const [event] = commitSilently(world, [`${i}`]);
      client.transport.deliver(CHANNEL, "new-message", { ...event, data: undefined, hint: true });
      await world.clock.advance(60);
      expect(client.texts.at(-1)).toBe(`${i}`);
    }
  });

  it("RCV2 SND4 a server's Retry-After is not cut short by polls, pushes, hints or somebody coming back", async () => {
    const world = new World();
    const client = await world.liveClient(ANNA);
    client.transport.reachable = false;
    client.transport.disconnect();
    await world.clock.advance(4_000);
    client.api.script("readEvents", refused("unavailable", 20_000));
    const [one, two] = commitSilently(world, ["one", "two"]);
    client.signals.set("visible");
    await world.clock.advance(30);
    const silence = askedWhile(client, 19_900);
    client.engine.markRead(1);
    client.signals.set("hidden");
    client.signals.set("visible");
    deliver(client.transport, two);
    if (one) client.transport.deliver(CHANNEL, "new-message", { ...one, hint: true, data: undefined });
    expect(await silence).toEqual([]);
    expect(await askedWhile(client, 1_000)).not.toEqual([]);
    expect(client.texts).toEqual(["one", "two"]);
    client.stop();
  });

  it("RCV2 RCV1 pushes, however many, do not hurry a server that just failed", async () => {
    const world = new World();
    const client = await world.liveClient(ANNA);
    const events = commitSilently(
      world,
      Array.from({ length: 200 }, (_, index) => `${index}`),
    );
    client.api.faults = { ...NO_FAULTS, unavailable: 1 };
    const asked = askedWhile(client, 10_000);
    for (const event of events.slice(1)) client.transport.deliver(CHANNEL, event.type, event, event.seq * 50);
    expect(Math.min(...gaps(await asked))).toBeGreaterThanOrEqual(500);
    client.stop();
  });

  it("RCV2 F7 a question that a dead network swallowed is asked again after 2.5 s, and is not waited for", async () => {
    const world = new World();
    const client = await world.liveClient(ANNA);
    commitSilently(world, ["missed"]);
    client.api.script("readEvents", "lost-request", "lost-answer");
    const asking = askedWhile(client, 9_000);
    client.signals.set("visible");
    const asked = await asking;
    expect(asked).toHaveLength(3);
    for (const gap of gaps(asked)) {
      expect(gap).toBeGreaterThanOrEqual(3_000);
      expect(gap).toBeLessThanOrEqual(4_050);
    }
    expect(client.texts).toEqual(["missed"]);
    // The failures of those that were given up come in later, and mean nothing.
    await world.clock.advance(10_000);
    expect(client.view).toMatchObject({ reachable: true, failure: null });
    client.stop();
  });

  it("RCV2 F30 in a slow network an answer that comes late counts, and from then on is waited for", async () => {
    const world = new World();
    const client = await world.liveClient(ANNA);
    client.transport.reachable = false;
    client.transport.disconnect();
    client.api.latencyMs = () => 2_000;
    await world.clock.advance(20_000);
    commitSilently(world, ["slowly"]);
    const asked = gaps(await askedWhile(client, 60_000));
    expect(client.texts).toEqual(["slowly"]);
    expect(Math.min(...asked)).toBeGreaterThanOrEqual(4_000);
    client.stop();
  });

  it("RCV2 F7 once answers are quick again a question that got lost is not waited for any longer", async () => {
    const world = new World();
    const client = await world.liveClient(ANNA);
    const quick = client.api.latencyMs;
    client.api.latencyMs = () => 2_000;
    client.signals.set("visible");
    await world.clock.advance(10_000);
    client.api.latencyMs = quick;
    client.signals.set("visible");
    await world.clock.advance(2_000);
    commitSilently(world, ["missed"]);
    client.api.script("readEvents", "lost-request");
    client.signals.set("visible");
    await world.clock.advance(4_100);
    expect(client.texts).toEqual(["missed"]);
    client.stop();
  });

  it("RCV2 RCV5 answers out of order undo nothing", async () => {
    const world = new World();
    const client = await world.liveClient(ANNA);
    commitSilently(world, ["one"]);
    client.api.latencyMs = () => 4_000;
    client.signals.set("visible");
    await world.clock.advance(3_900);
    client.api.latencyMs = () => 10;
    commitSilently(world, ["two"]);
    await world.clock.advance(300);
    expect(client.texts).toEqual(["one", "two"]);
    await world.clock.advance(20_000);
    expect(client.texts).toEqual(["one", "two"]);
    expect(client.untruths).toEqual([]);
    client.stop();
  });

  it("RCV2 F8 after eight hours of sleep every timer is late at once: a handful of questions, then all is right", async () => {
    const world = new World();
    const freeze = freezable(world);
    const client = await world.liveClient(ANNA);
    world.say(WEBER, "before");
    await world.clock.advance(1_000);
    client.transport.disconnect();
    await world.clock.advance(100);
    const thaw = freeze();
    commitSilently(world, ["slept through"]);
    await world.clock.advance(8 * 3_600_000);
    const before = client.api.calls.length;
    thaw();
    client.signals.set("visible");
    client.signals.set("online");
    await world.clock.advance(2_000);
    expect(client.texts).toEqual(["before", "slept through"]);
    expect(client.view.status).toBe("live");
    expect(client.api.calls.length - before).toBeLessThanOrEqual(6);
    client.stop();
  });
});

describe("RCV3 events meet fetches", () => {
  it("RCV3 pushes before the first snapshot wait and are folded onto it", async () => {
    const world = new World();
    const client = world.client(ANNA);
    client.api.latencyMs = () => 400;
    client.start();
    await world.clock.advance(300);
    world.say(WEBER, "one");
    await world.clock.advance(200);
    world.say(WEBER, "after the snapshot was read");
    await world.clock.advance(290);
    expect(client.view.consultation).toBeNull();
    await world.clock.advance(30);
    expect(client.texts).toEqual(["one", "after the snapshot was read"]);
    await world.clock.advance(1_000);
    const fetches = client.api.count("readEvents");
    await world.clock.advance(15_000);
    expect(client.api.count("readEvents")).toBe(fetches);
  });

  it("RCV3 an event that is next is shown although a fetch hangs, and the late page undoes nothing", async () => {
    const world = new World();
    const client = await world.liveClient(ANNA);
    client.api.latencyMs = () => 4_000;
    client.signals.set("visible");
    world.say(WEBER, "one");
    await world.clock.advance(50);
    expect(client.texts).toEqual(["one"]);
    await world.clock.advance(20_000);
    expect(client.texts).toEqual(["one"]);
    expect(client.view.failure).toBeNull();
  });

  it("RCV3 when the buffer overflows it is dropped and everything fetched", async () => {
    const world = new World();
    const client = await world.liveClient(ANNA);
    const events = commitSilently(
      world,
      Array.from({ length: 502 }, (_, index) => `${index}`),
    );
    deliver(client.transport, ...events.slice(1));
    await world.clock.advance(300);
    expect(client.view.items).toHaveLength(502);
  });
});

describe("RCV4 another history", () => {
  it("RCV4 F39 a restore is seen in the answer, and the screen is loaded afresh", async () => {
    const world = new World();
    for (const text of ["one", "two", "three"]) world.say(WEBER, text);
    const client = await world.liveClient(ANNA);
    world.server.restoreTo(1);
    world.say(WEBER, "after the restore");
    await world.clock.advance(1_000);
    expect(client.texts).toEqual(["one", "after the restore"]);
    expect(client.view.failure).toBeNull();
    expect(client.api.count("readSnapshot")).toBe(2);
  });

  it("RCV4 a client ahead of the server starts over, and a distance alone does not", async () => {
    const world = new World();
    const client = await world.liveClient(ANNA);
    commitSilently(
      world,
      Array.from({ length: 900 }, () => "x"),
    );
    client.signals.set("visible");
    await world.clock.advance(2_000);
    expect(client.view.items).toHaveLength(900);
    expect(client.api.count("readSnapshot")).toBe(1);
    world.server.log = world.server.log.slice(0, 10);
    client.signals.set("visible");
    await world.clock.advance(500);
    expect(client.api.count("readSnapshot")).toBe(2);
  });

  it("RCV4 an answer in an unknown version starts over; three in a row are an error; a person coming back tries again", async () => {
    const world = new World();
    const client = await world.liveClient(ANNA);
    const unreadable = { ok: false, failure: { kind: "unreadable" } } as const;
    client.api.script("readEvents", unreadable, unreadable, unreadable);
    client.signals.set("visible");
    await world.clock.advance(200);
    expect([client.view.failure, client.api.count("readSnapshot")]).toEqual([null, 2]);
    client.signals.set("visible");
    await world.clock.advance(200);
    expect([client.view.failure, client.api.count("readSnapshot")]).toEqual([null, 3]);
    client.signals.set("visible");
    await world.clock.advance(200);
    expect([client.view.failure, client.api.count("readSnapshot")]).toEqual(["out-of-sync", 3]);
    client.signals.set("visible");
    await world.clock.advance(200);
    expect(client.view.failure).toBeNull();
  });

  it("RCV4 F39 late pushes of the history that was left cost a question each at most, never a load or the error", async () => {
    const world = new World();
    for (const text of ["one", "two", "three"]) world.say(WEBER, text);
    const client = await world.liveClient(ANNA);
    const late = commitSilently(world, ["four", "five", "six", "seven"]);
    world.server.restoreTo(2);
    world.say(WEBER, "after the restore");
    await world.clock.advance(1_000);
    expect(client.api.count("readSnapshot")).toBe(2);
    for (const event of late) {
      deliver(client.transport, event);
      await world.clock.advance(300);
    }
    expect(client.view.failure).toBeNull();
    expect(client.api.count("readSnapshot")).toBe(2);
    expect(client.texts).toEqual(["one", "two", "after the restore"]);
    client.stop();
  });

  it("RCV4 having given up it tries again by itself, rarely", async () => {
    const world = new World();
    const client = await world.liveClient(ANNA);
    const unreadable = { ok: false, failure: { kind: "unreadable" } } as const;
    client.api.script("readEvents", unreadable, unreadable, unreadable);
    for (let i = 0; i < 3; i += 1) {
      client.signals.set("visible");
      await world.clock.advance(200);
    }
    expect(client.view.failure).toBe("out-of-sync");
    await world.clock.advance(30_500);
    expect(client.view.failure).toBeNull();
    client.stop();
  });

  it("RCV4 F31 ten thousand events behind: the newest page after two questions, the rest when somebody looks, equal to a fresh load", async () => {
    const world = new World();
    for (let i = 0; i < 80; i += 1) world.say(WEBER, `history ${i}`);
    const client = await world.liveClient(ANNA);
    client.signals.set("hidden");
    commitSilently(
      world,
      Array.from({ length: 10_000 }, (_, index) => `${index}`),
    );
    const [calls, notified] = [client.api.calls.length, client.notifications];
    client.signals.set("visible");
    await world.clock.advance(50);
    world.say(WEBER, "pushed meanwhile");
    await world.clock.advance(100);
    expect(client.api.calls.slice(calls).map(({ method }) => method)).toEqual(["readEvents", "readSnapshot"]);
    expect(client.notifications - notified).toBeLessThanOrEqual(4);
    expect(client.view).toMatchObject({ hasMore: true, failure: null, status: "live" });
    expect(client.texts).toHaveLength(51);
    expect(client.texts.at(-1)).toBe("pushed meanwhile");
    for (let page = 0; page < 3; page += 1) {
      void client.engine.loadOlder();
      await world.clock.advance(50);
    }
    expect(client.view.items).toHaveLength(201);
    const oldest = client.view.items[0]?.message?.seq ?? 0;
    const fresh = world.server.readSnapshot(Number.MAX_SAFE_INTEGER);
    expect(normalFormOfItems(client.view.items, oldest)).toEqual(messagesOf(fresh.messages, oldest));
    expect(client.untruths).toEqual([]);
    client.stop();
  });

  it("RCV4 F31 far behind, own words of unknown outcome in the part that was skipped are settled, once", async () => {
    const world = new World();
    const client = await world.liveClient(ANNA);
    client.api.script("sendMessage", "lost-answer", "lost-answer");
    await client.send("mine");
    client.signals.set("offline");
    await world.clock.advance(15_000);
    commitSilently(
      world,
      Array.from({ length: 2_000 }, (_, index) => `${index}`),
    );
    client.signals.set("online");
    await world.clock.advance(60_000);
    expect(client.view.items.filter(({ pending }) => pending !== null)).toEqual([]);
    expect([...world.server.messages.values()].filter(({ content }) => content === "mine")).toHaveLength(1);
    expect(client.untruths).toEqual([]);
    client.stop();
  });

  it("RCV4 a snapshot that pushes overtook on its way takes nothing back for longer than one question", async () => {
    const world = new World();
    for (let i = 0; i < 3; i += 1) world.say(WEBER, `${i}`);
    const client = await world.liveClient(ANNA);
    const unreadable = { ok: false, failure: { kind: "unreadable" } } as const;
    client.api.script("readEvents", unreadable);
    client.api.latencyMs = () => 200;
    client.signals.set("visible");
    await world.clock.advance(650);
    world.say(WEBER, "pushed after the snapshot was read");
    await world.clock.advance(1_000);
    expect(client.texts).toEqual(["0", "1", "2", "pushed after the snapshot was read"]);
    client.stop();
  });

  it("RCV4 a refusal to read is shown, and an expired session comes back by itself", async () => {
    const world = new World();
    const client = await world.liveClient(ANNA);
    client.api.script("readEvents", refused("session-ended"));
    client.signals.set("visible");
    await world.clock.advance(50);
    expect(client.view.failure).toBe("session-ended");
    world.say(WEBER, "meanwhile");
    await world.clock.advance(2_000);
    expect(client.view.failure).toBeNull();
    expect(client.texts).toEqual(["meanwhile"]);
  });
});

describe("SND4 refusals of reading", () => {
  it("F29 an ended session is told although nothing is being sent, and asked about ever more slowly, not at every poll", async () => {
    const world = new World();
    const client = await world.liveClient(ANNA);
    client.transport.reachable = false;
    client.transport.disconnect();
    client.api.script("readEvents", ...Array.from({ length: 200 }, () => refused("session-ended")));
    await world.clock.advance(10_000);
    expect(client.view).toMatchObject({ signedOut: true, failure: "session-ended" });
    await world.clock.advance(120_000 - 10_000);
    expect(client.api.count("readEvents")).toBeLessThanOrEqual(15);
    client.stop();
  });

  it("F29 somebody who takes no part any more asks ever more slowly", async () => {
    const world = new World();
    const client = await world.liveClient(ANNA);
    client.transport.reachable = false;
    client.transport.disconnect();
    world.server.leave(WEBER, ANNA);
    await world.clock.advance(120_000);
    expect(client.view.failure).toBe("not-found");
    expect(client.api.count("readEvents") + client.api.count("readSnapshot")).toBeLessThanOrEqual(15);
    client.stop();
  });
});

describe("CON1 the server itself is away", () => {
  it("CON1 A8 polling that is not answered is told from polling that is, and a refusal is an answer", async () => {
    const world = new World();
    const client = await world.liveClient(ANNA);
    client.transport.reachable = false;
    client.transport.disconnect();
    await world.clock.advance(10_000);
    expect(client.view).toMatchObject({ status: "polling", reachable: true });
    client.api.script("readEvents", refused("unavailable"), refused("unavailable"));
    await world.clock.advance(3_700);
    expect(client.view.reachable).toBe(false);
    await world.clock.advance(10_000);
    expect(client.view.reachable).toBe(true);
    client.api.script("readEvents", ...Array.from({ length: 9 }, () => refused("session-ended")));
    await world.clock.advance(3_700);
    expect(client.view).toMatchObject({ reachable: true, signedOut: true });
    client.stop();
  });
});

describe("RCV6 older pages", () => {
  it("RCV6 a page overtaken by a delete does not bring the words back", async () => {
    const world = new World();
    const old = world.say(WEBER, "old words");
    for (let i = 0; i < 60; i += 1) world.say(WEBER, `${i}`);
    const client = await world.liveClient(ANNA);
    client.api.latencyMs = () => 300;
    const page = client.engine.loadOlder();
    await world.clock.advance(400);
    world.server.delete(WEBER, old);
    await world.clock.advance(100);
    expect(client.view.loadingOlder).toBe(true);
    await world.clock.advance(200);
    await page;
    expect(client.view).toMatchObject({ loadingOlder: false, hasMore: false });
    expect(client.item(old)?.message?.content).toBeNull();
    expect(client.view.items).toHaveLength(61);
  });

  it("RCV6 a page asked for before everything was loaded afresh is refused, and read again", async () => {
    const world = new World();
    const old = world.say(WEBER, "old words");
    for (let i = 0; i < 60; i += 1) world.say(WEBER, `${i}`);
    const client = await world.liveClient(ANNA);
    client.api.latencyMs = () => 300;
    const page = client.engine.loadOlder();
    await world.clock.advance(310);
    // Deleted unnoticed after the page was read, and before the snapshot that replaces the window.
    const { onCommit } = world.server;
    world.server.onCommit = () => undefined;
    world.server.delete(WEBER, old);
    world.server.onCommit = onCommit;
    client.api.latencyMs = () => 5;
    client.api.script("readEvents", { ok: false, failure: { kind: "unreadable" } });
    client.signals.set("visible");
    await world.clock.advance(1_000);
    await page;
    expect(client.api.count("readSnapshot")).toBe(2);
    expect(client.item(old)?.message).toMatchObject({ content: null });
    expect(client.view.items).toHaveLength(61);
    client.stop();
  });

  it("RCV6 pages are asked for one after the other", async () => {
    const world = new World();
    for (let i = 0; i < 160; i += 1) world.say(WEBER, `${i}`);
    const client = await world.liveClient(ANNA);
    void client.engine.loadOlder();
    void client.engine.loadOlder();
    await world.clock.advance(100);
    expect(client.api.count("readMessages")).toBe(1);
    void client.engine.loadOlder();
    await world.clock.advance(100);
    void client.engine.loadOlder();
    await world.clock.advance(100);
    expect(client.texts).toEqual(Array.from({ length: 160 }, (_, index) => `${index}`));
    expect(client.view.hasMore).toBe(false);
  });
});

describe("RCV7 positions", () => {
  const at = (seq: number) => ({
    userId: WEBER.id,
    deliveredUpToSeq: seq,
    deliveredAt: "2026-01-01T00:00:00.000Z",
    readUpToSeq: seq,
    readAt: "2026-01-01T00:00:00.000Z",
  });
  const push = (client: SimClient, epoch: string, seq: number) =>
    client.transport.deliver(CHANNEL, "message-read", {
      v: 1,
      consultationId: client.view.consultation?.id ?? CONSULTATION_ID,
      epoch,
      position: at(seq),
    });
  const weberIn = (client: SimClient) =>
    client.view.participants.find(({ user }) => user.id === WEBER.id)?.position.readUpToSeq;

  it("RCV7 positions before the first snapshot wait, the furthest counts, and those of another history do not", async () => {
    const world = new World();
    for (let i = 0; i < 9; i += 1) world.say(ANNA, `${i}`);
    const client = world.client(ANNA);
    client.api.latencyMs = () => 400;
    client.start();
    await world.clock.advance(300);
    push(client, world.server.epoch, 7);
    push(client, world.server.epoch, 3);
    await world.clock.advance(600);
    expect(weberIn(client)).toBe(7);
    client.stop();

    const second = world.client(ANNA);
    second.api.latencyMs = () => 400;
    second.start();
    await world.clock.advance(300);
    push(second, "an epoch that was left", 9);
    await world.clock.advance(600);
    expect(weberIn(second)).toBe(0);
    second.stop();
  });

  it("RCV7 F39 a position of the new history that overtakes its snapshot is not lost", async () => {
    const world = new World();
    for (let i = 0; i < 9; i += 1) world.say(ANNA, `${i}`);
    const client = await world.liveClient(ANNA);
    world.server.restoreTo(5);
    client.api.latencyMs = () => 200;
    client.signals.set("visible");
    await world.clock.advance(650);
    // The snapshot was read; the position is pushed while it is on its way.
    push(client, world.server.epoch, 4);
    await world.clock.advance(300);
    expect(client.view.items).toHaveLength(5);
    expect(weberIn(client)).toBe(4);
    client.stop();
  });
});

describe("the store", () => {
  it("UI2 one notification for a page of any length, none for what changes nothing", async () => {
    const world = new World();
    const client = await world.liveClient(ANNA);
    commitSilently(
      world,
      Array.from({ length: 100 }, () => "x"),
    );
    const before = client.notifications;
    client.signals.set("visible");
    await world.clock.advance(15);
    expect(client.notifications).toBe(before);
    await world.clock.advance(10);
    expect(client.notifications).toBe(before + 1);
    const { view } = client;
    await world.clock.advance(60_000);
    expect(client.view.items).toBe(view.items);
  });

  it("C1 a stopped engine leaves no timer, subscription or listener, ignores late answers, and can start again", async () => {
    const world = new World();
    const client = await world.liveClient(ANNA);
    client.signals.set("visible");
    await world.clock.advance(5);
    client.stop();
    await world.clock.advance(60_000);
    expect(world.clock.pending).toBe(0);
    expect([client.transport.channels.size, client.transport.listenerCount, client.signals.listenerCount]).toEqual([
      0, 0, 0,
    ]);
    world.say(WEBER, "while stopped");
    client.start();
    await world.clock.advance(200);
    expect(client.texts).toEqual(["while stopped"]);
  });

  it("C1 RCV2 answers to questions and pages from before a stop change nothing after a restart", async () => {
    const world = new World();
    for (let i = 0; i < 60; i += 1) world.say(WEBER, `${i}`);
    const client = await world.liveClient(ANNA);
    client.api.latencyMs = () => 500;
    void client.engine.loadOlder();
    client.signals.set("visible");
    await world.clock.advance(100);
    client.stop();
    client.start();
    expect(client.view.loadingOlder).toBe(false);
    client.api.latencyMs = () => 10;
    await world.clock.advance(200);
    void client.engine.loadOlder();
    await world.clock.advance(2_000);
    expect(client.texts).toEqual(Array.from({ length: 60 }, (_, index) => `${index}`));
    expect(client.view.status).toBe("live");
    client.stop();
    expect(client.transport.listenerCount).toBe(0);
  });
});
