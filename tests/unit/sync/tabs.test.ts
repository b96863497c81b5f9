import { describe, expect, it } from "vitest";
import { finishKeptCommands } from "@/lib/sync/kept-commands";
import { MemoryQueue } from "@/tests/support/sim/memory-queue";
import { ANNA, CONSULTATION_ID, refused, WEBER } from "@/tests/support/sim/server-model";
import { NO_FAULTS } from "@/tests/support/sim/sim-network";
import { type SimClient, World } from "@/tests/support/sim/world";

async function twoTabs(world = new World()) {
  const browser = new MemoryQueue();
  const [one, two] = [await world.liveClient(ANNA, browser), await world.liveClient(ANNA, browser)];
  return { world, browser, one, two };
}

function shown({ view }: SimClient) {
  return view.items.map(({ message, pending, delivery }) => [message?.content ?? pending?.content, delivery]);
}

function sends(...clients: SimClient[]): string[] {
  const calls = clients.flatMap(({ api }) => api.calls.filter(({ method }) => method === "sendMessage"));
  return calls.sort((a, b) => a.at - b.at).map(({ argument }) => (argument as { content: string }).content);
}

describe("SND2 several tabs, one queue", () => {
  it("SND2 F18 what one tab queues stands in the others at once, in the order of writing, and is sent once", async () => {
    const { world, one, two } = await twoTabs();
    for (const { signals } of [one, two]) signals.set("offline");
    const texts = Array.from({ length: 6 }, (_, index) => `${index}`);
    for (const [index, text] of texts.entries()) await (index % 2 ? two : one).send(text);
    await world.clock.advance(0);
    for (const tab of [one, two]) expect(shown(tab)).toEqual(texts.map((text) => [text, "queued"]));
    for (const { signals } of [two, one]) signals.set("online");
    await world.clock.advance(2_000);
    for (const tab of [one, two]) expect(shown(tab)).toEqual(texts.map((text) => [text, "sent"]));
    expect(sends(one, two)).toEqual(texts);
    expect([...one.untruths, ...two.untruths]).toEqual([]);
  });

  it("SND2 two tabs that send at the same time have one on its way, and no later one overtakes a failed one", async () => {
    const { world, one, two } = await twoTabs();
    for (const { api } of [one, two]) api.script("sendMessage", "lost-request");
    await one.send("first");
    await two.send("second");
    await world.clock.advance(60_000);
    expect(world.server.readSnapshot().messages.map(({ content }) => content)).toEqual(["first", "second"]);
    expect(new Set(sends(one, two).slice(0, -1))).toEqual(new Set(["first"]));
  });

  it("SND2 a tab that did not hear of another's sending reads the storage before it sends anything itself", async () => {
    const { world, browser, one, two } = await twoTabs();
    for (const { signals } of [one, two]) signals.set("offline");
    await one.send("only once");
    await world.clock.advance(0);
    browser.deafen(two.ports.queue);
    two.setFaults({ ...NO_FAULTS, pushDropped: 1 });
    one.signals.set("online");
    await world.clock.advance(2_000);
    expect(shown(two)).toEqual([["only once", "queued"]]);
    two.signals.set("online");
    await world.clock.advance(2_000);
    expect([one, two].map((tab) => sends(tab))).toEqual([["only once"], []]);
    expect(shown(two)).toEqual([["only once", "sent"]]);
  });

  it("SND2 the visible tab is asked first", async () => {
    const { world, one, two } = await twoTabs();
    two.signals.set("hidden");
    for (const { signals } of [one, two]) signals.set("offline");
    await two.send("written before it was hidden");
    await one.send("and this");
    for (const { signals } of [two, one]) signals.set("online");
    await world.clock.advance(5_000);
    expect([one, two].map((tab) => sends(tab).length)).toEqual([2, 0]);
  });

  it("SND2 a hidden tab sends all the same when it is the only one", async () => {
    const world = new World();
    const client = await world.liveClient(ANNA);
    client.signals.set("hidden");
    for (const text of ["one", "two", "three"]) await client.send(text);
    await world.clock.advance(2_500);
    expect(shown(client).map(([, delivery]) => delivery)).toEqual(["sent", "sent", "sent"]);
  });

  it("SND2 F23 a tab that dies with its request on the way leaves everything to the next, and nothing is doubled", async () => {
    for (const fate of ["lost-request", "lost-answer", "ok"] as const) {
      const { world, browser, one, two } = await twoTabs();
      two.signals.set("hidden");
      one.api.script("sendMessage", fate);
      for (const text of ["one", "two", "three"]) await one.send(text);
      await world.clock.advance(15);
      one.crash();
      await world.clock.advance(5_000);
      expect(world.server.readSnapshot().messages.map(({ content }) => content)).toEqual(["one", "two", "three"]);
      expect(shown(two).map(([, delivery]) => delivery)).toEqual(["sent", "sent", "sent"]);
      expect(await browser.tab().list(CONSULTATION_ID)).toEqual([]);
      expect(two.untruths).toEqual([]);
    }
  });

  it("SND2 what another tab sent keeps its bubble until the log shows it, pushed or not", async () => {
    for (const pushes of [true, false]) {
      const { world, one, two } = await twoTabs();
      if (!pushes) two.transport.push = () => {};
      const seen = new Set<string>();
      two.engine.subscribe(() => seen.add(JSON.stringify(shown(two))));
      const id = await one.send("hello");
      await world.clock.advance(3_000);
      expect(two.item(id)?.delivery).toBe("sent");
      expect([...seen]).toEqual([JSON.stringify([["hello", "queued"]]), JSON.stringify([["hello", "sent"]])]);
    }
  });

  it("SND2 what another tab sent is not lost from the screen by an answer that is older than it", async () => {
    const { world, one, two } = await twoTabs();
    two.transport.push = () => {};
    two.api.latencyMs = () => 400;
    const shownEver: number[] = [];
    two.engine.subscribe(() => shownEver.push(two.view.items.length));
    two.signals.set("visible");
    await one.send("hello");
    await world.clock.advance(5_000);
    expect(new Set(shownEver)).toEqual(new Set([1]));
  });
});

describe("SND4 parked in all tabs", () => {
  async function parkedInBoth() {
    const tabs = await twoTabs();
    tabs.one.api.script("sendMessage", refused("not-allowed"));
    const first = await tabs.one.send("first");
    const second = await tabs.one.send("second");
    await tabs.world.clock.advance(100);
    for (const tab of [tabs.one, tabs.two]) {
      expect(shown(tab)).toEqual([
        ["first", "parked"],
        ["second", "parked"],
      ]);
      expect(tab.item(first)?.pending?.reason).toBe("not-allowed");
    }
    return { ...tabs, first, second };
  }

  it("SND4 F18 one tab parks, the other retries, both see it sent", async () => {
    const { world, one, two, first } = await parkedInBoth();
    two.engine.retry(first);
    await world.clock.advance(500);
    for (const tab of [one, two]) {
      expect(shown(tab)).toEqual([
        ["first", "sent"],
        ["second", "sent"],
      ]);
      expect(tab.untruths).toEqual([]);
    }
  });

  it("SND4 F18 one tab discards, and it is gone from the other; what waited behind it is sent", async () => {
    const { world, one, two, first } = await parkedInBoth();
    two.engine.discard(first);
    await world.clock.advance(2_000);
    for (const tab of [one, two]) {
      expect(shown(tab)).toEqual([["second", "sent"]]);
      expect(tab.untruths).toEqual([]);
    }
    expect(sends(one, two)).toEqual(["first", "second"]);
  });
});

describe("SND4 signing in elsewhere", () => {
  it("SND4 F29 another tab's sign-in is found out by any good answer", async () => {
    const world = new World();
    const client = await world.liveClient(ANNA);
    client.transport.disconnect("refused");
    const codes = Array.from({ length: 3 }, () => refused("session-ended"));
    client.api.script("sendMessage", ...codes.slice(0, 1));
    client.api.script("readEvents", ...codes);
    await client.send("kept");
    await world.clock.advance(100);
    expect([client.view.signedOut, shown(client)]).toEqual([true, [["kept", "queued"]]]);
    await world.clock.advance(120_000);
    expect([client.view.signedOut, shown(client)]).toEqual([false, [["kept", "sent"]]]);
  });
});

describe("SND5 wiped", () => {
  it("SND5 F26 signing out in one tab empties the others at once, and nothing more is sent", async () => {
    const { world, browser, one, two } = await twoTabs();
    for (const { signals } of [one, two]) signals.set("offline");
    await one.send("secret");
    await two.send("another");
    browser.wipe();
    for (const tab of [one, two]) expect(tab.view.items).toEqual([]);
    for (const { signals } of [one, two]) signals.set("online");
    await world.clock.advance(60_000);
    expect(sends(one, two)).toEqual([]);
    expect(await browser.tab().consultationIds()).toEqual([]);
  });

  it("SND5 F26 wiped while one is on its way: its answer is taken, those behind it are not sent", async () => {
    const { world, browser, one } = await twoTabs();
    await one.send("on its way");
    await one.send("behind it");
    await world.clock.advance(0);
    browser.wipe();
    await world.clock.advance(60_000);
    expect(sends(one)).toEqual(["on its way"]);
    expect(shown(one)).toEqual([["on its way", "sent"]]);
    expect(one.untruths).toEqual([]);
  });
});

describe("SND5 kept as a draft after 24 hours", () => {
  const DAY_MS = 24 * 60 * 60 * 1_000;

  async function leftBehind(world: World, texts: readonly string[]) {
    const browser = new MemoryQueue();
    const before = await world.liveClient(ANNA, browser);
    before.signals.set("offline");
    const ids: string[] = [];
    for (const text of texts) ids.push(await before.send(text));
    before.crash();
    return { browser, ids };
  }

  it("SND5 F20 not sent, but kept for the person to decide about; those behind it wait with it", async () => {
    const world = new World();
    const { browser, ids } = await leftBehind(world, ["old", "old too"]);
    world.serverTime = (world.serverTime ?? 0) + DAY_MS + 1;
    const client = await world.liveClient(ANNA, browser);
    await world.clock.advance(10_000);
    expect(client.view.items.map(({ pending }) => [pending?.state, pending?.reason])).toEqual([
      ["parked", "too-old"],
      ["parked", null],
    ]);
    expect(sends(client)).toEqual([]);
    client.engine.retry(ids[0] ?? "");
    await world.clock.advance(1_000);
    expect(shown(client)).toEqual([
      ["old", "sent"],
      ["old too", "sent"],
    ]);
    expect(client.untruths).toEqual([]);
  });

  it("SND5 the second one is not sent by discarding the first", async () => {
    const world = new World();
    const { browser, ids } = await leftBehind(world, ["old", "old too"]);
    world.serverTime = (world.serverTime ?? 0) + DAY_MS + 1;
    const client = await world.liveClient(ANNA, browser);
    await world.clock.advance(1_000);
    client.engine.discard(ids[0] ?? "");
    await world.clock.advance(10_000);
    expect(client.view.items.map(({ pending }) => [pending?.content, pending?.reason])).toEqual([
      ["old too", "too-old"],
    ]);
    expect(sends(client)).toEqual([]);
  });

  it("SND5 a minute less, and it is sent", async () => {
    const world = new World();
    const { browser } = await leftBehind(world, ["of yesterday"]);
    world.serverTime = (world.serverTime ?? 0) + DAY_MS - 60_000;
    const client = await world.liveClient(ANNA, browser);
    await world.clock.advance(1_000);
    expect(shown(client)).toEqual([["of yesterday", "sent"]]);
  });

  it("SND5 while the server's time is in doubt nothing is sent; an answer without it is all there will be", async () => {
    const world = new World();
    const { browser } = await leftBehind(world, ["waits"]);
    world.serverTime = null;
    const client = world.client(ANNA, browser);
    client.api.script("readSnapshot", "lost-request", "lost-request");
    client.start();
    await world.clock.advance(1_000);
    expect(sends(client)).toEqual([]);
    await world.clock.advance(60_000);
    expect(shown(client)).toEqual([["waits", "sent"]]);
  });

  it("I5 SND5 one that a dead tab had sent already is no draft, however far up the log it stands", async () => {
    for (const later of [3, 300]) {
      const world = new World();
      const { browser, ids } = await leftBehind(world, ["was sent"]);
      const command = { id: ids[0] ?? "", consultationId: CONSULTATION_ID, content: "was sent", replyToId: null };
      world.server.send(ANNA, { ...command, attachmentIds: [] });
      for (let index = 0; index < later; index += 1) world.say(WEBER, `${index}`);
      world.serverTime = (world.serverTime ?? 0) + DAY_MS + 1;
      const client = await world.liveClient(ANNA, browser);
      await world.clock.advance(5_000);
      expect(client.view.items.filter(({ pending }) => pending !== null)).toEqual([]);
      expect(await browser.tab().list(CONSULTATION_ID)).toEqual([]);
      expect(sends(client)).toEqual([]);
      expect(client.untruths).toEqual([]);
    }
  });
});

describe("SND1 what nobody looks at", () => {
  it("SND1 what an earlier page left is finished, and what another tab keeps for too long", async () => {
    const world = new World();
    const browser = new MemoryQueue();
    const tab = browser.tab();
    const finished: string[] = [];
    const command = { kind: "send", content: "x", replyToId: null, queuedAt: null } as const;
    await tab.add({ ...command, id: "left", consultationId: "left behind", parked: null });
    await tab.add({ ...command, id: "parked", consultationId: "for the person", parked: "not-allowed" });
    const here = { queue: browser.tab(), clock: world.clock, random: world.random };
    const stop = finishKeptCommands(here, (consultationId) => finished.push(consultationId));
    await world.clock.advance(10);
    expect(finished).toEqual(["left behind"]);
    await tab.add({ ...command, id: "quick", consultationId: "sent at once", parked: null });
    await tab.remove("quick");
    await tab.add({ ...command, id: "slow", consultationId: "of a tab that died", parked: null });
    await world.clock.advance(4_000);
    expect(finished).toEqual(["left behind"]);
    await world.clock.advance(6_000);
    expect(finished).toEqual(["left behind", "of a tab that died"]);
    await tab.add({ ...command, id: "late", consultationId: "after the stop", parked: null });
    stop();
    await world.clock.advance(60_000);
    expect(finished).toHaveLength(2);
    expect(world.clock.pending).toBe(0);
  });

  it("C1 SND2 a stop while it waits for the lock leaves no timer, no listener, and sends nothing", async () => {
    const { world, browser, one, two } = await twoTabs();
    let free = () => {};
    const held = browser.tab().exclusively(CONSULTATION_ID, () => new Promise<void>((resolve) => (free = resolve)));
    await one.send("waits");
    await world.clock.advance(1_000);
    two.stop();
    one.stop();
    free();
    await held;
    await world.clock.advance(60_000);
    expect(sends(one, two)).toEqual([]);
    expect([world.clock.pending, one.signals.listenerCount, two.signals.listenerCount]).toEqual([0, 0, 0]);
    one.start();
    await world.clock.advance(500);
    expect(shown(one)).toEqual([["waits", "sent"]]);
    one.stop();
  });
});
