import { describe, expect, it } from "vitest";
import type { QueueStorage } from "@/lib/sync/ports";
import { ANNA, refused, WEBER } from "@/tests/support/sim/server-model";
import { CHANNEL } from "@/tests/support/sim/sim-network";
import { type SimClient, World } from "@/tests/support/sim/world";

function shown({ view }: SimClient) {
  return view.items.map(({ message, pending, delivery }) => [
    message?.content ?? pending?.content,
    delivery,
    pending?.reason,
  ]);
}

describe("SND1 the queue has it first", () => {
  it("SND1 send resolves only when the storage has the text, and then it is on the screen", async () => {
    const world = new World();
    const client = await world.liveClient(ANNA);
    const steps: string[] = [];
    const { queue } = client.ports;
    const add = queue.add;
    (queue as { add: QueueStorage["add"] }).add = async (command) => {
      await world.clock.sleep(500);
      steps.push("stored");
      return add(command);
    };
    const sent = client.engine.send("  hello ").then((result) => steps.push(result.ok ? "resolved" : "refused"));
    await world.clock.advance(499);
    expect([steps, client.texts]).toEqual([[], []]);
    await world.clock.advance(1);
    await sent;
    expect(steps).toEqual(["stored", "resolved"]);
    expect(shown(client)).toEqual([["hello", "sending", null]]);
  });

  it("SND1 what the server would refuse is not queued", async () => {
    const client = await new World().liveClient(ANNA);
    expect(await client.engine.send(" \u200b ")).toEqual({ ok: false, reason: "invalid", issue: "empty" });
    expect(await client.engine.send("x".repeat(4_001))).toEqual({ ok: false, reason: "invalid", issue: "too-long" });
    expect(client.view.items).toEqual([]);
  });

  it("SND1 commands that an earlier tab left in the storage are sent, in order, parked ones as they were", async () => {
    const world = new World();
    const client = world.client(ANNA);
    const left = {
      kind: "send",
      consultationId: world.server.readSnapshot().consultation.id,
      replyToId: null,
      queuedAt: null,
    } as const;
    const [one, two] = [world.nextMessageId(), world.nextMessageId()];
    await client.ports.queue.add({ ...left, id: one, content: "one", parked: "validation-failed" });
    await client.ports.queue.add({ ...left, id: two, content: "two", parked: null });
    client.start();
    await world.clock.advance(500);
    expect(shown(client)).toEqual([
      ["one", "parked", "validation-failed"],
      ["two", "parked", null],
    ]);
    client.engine.retry(one);
    await world.clock.advance(200);
    expect(shown(client).map(([text, delivery]) => [text, delivery])).toEqual([
      ["one", "sent"],
      ["two", "sent"],
    ]);
    expect(await client.ports.queue.list(left.consultationId)).toEqual([]);
  });
});

describe("SND2 first in first out", () => {
  it("SND2 one in flight, in the order of queueing", async () => {
    const world = new World();
    const client = await world.liveClient(ANNA);
    client.api.latencyMs = () => 100;
    const texts = Array.from({ length: 5 }, (_, index) => `${index}`);
    await Promise.all(texts.map((text) => client.send(text)));
    await world.clock.advance(150);
    expect(client.api.count("sendMessage")).toBe(1);
    await world.clock.advance(2_000);
    expect(client.texts).toEqual(texts);
    const times = client.api.calls.filter(({ method }) => method === "sendMessage").map(({ at }) => at);
    expect(times.slice(1).every((at, index) => at - (times[index] ?? 0) >= 200)).toBe(true);
  });

  it("SND2 a push that confirms the one in flight does not let the next one overtake its answer", async () => {
    const world = new World();
    const client = await world.liveClient(ANNA);
    client.api.latencyMs = () => 1_000;
    const one = await client.send("one");
    await client.send("two");
    await world.clock.advance(1_200);
    client.signals.set("visible");
    await world.clock.advance(300);
    expect(client.item(one)?.delivery).toBe("sent");
    expect(client.api.count("sendMessage")).toBe(1);
    await world.clock.advance(600);
    expect(client.api.count("sendMessage")).toBe(2);
  });

  it("SND2 F21 fifty sends of fifty texts are fifty rows, however fast", async () => {
    const world = new World();
    const client = await world.liveClient(ANNA);
    for (let i = 0; i < 50; i += 1) void client.engine.send(`${i}`);
    await world.clock.advance(5_000);
    expect(world.server.headSeq).toBe(50);
    expect(client.untruths).toEqual([]);
  });
});

describe("SND3 sent means committed", () => {
  it("B4 SND3 one bubble under one key from the composer to the row, whichever of answer and push is first", async () => {
    for (const pushDelay of [0, 5_000]) {
      const world = new World();
      const client = await world.liveClient(ANNA);
      client.transport.delayMs = () => pushDelay;
      const id = await client.send("hello");
      await world.clock.advance(0);
      expect(client.view.items.map(({ key, delivery }) => [key, delivery])).toEqual([[id, "sending"]]);
      await world.clock.advance(6_000);
      expect(client.view.items.map(({ key, delivery, pending }) => [key, delivery, pending])).toEqual([
        [id, "sent", null],
      ]);
      expect(client.untruths).toEqual([]);
    }
  });

  it("SND3 F22 an answer that never came is unknown: the same id again, one row", async () => {
    const world = new World();
    const client = await world.liveClient(ANNA);
    client.transport.disconnect("refused");
    client.api.script("sendMessage", "lost-answer");
    const id = await client.send("hello");
    await world.clock.advance(500);
    expect(world.server.headSeq).toBe(1);
    await world.clock.advance(15_000);
    expect(client.view.items.map(({ key, delivery }) => [key, delivery])).toEqual([[id, "sent"]]);
    expect(world.server.headSeq).toBe(1);
    expect(client.untruths).toEqual([]);
  });

  it("SND3 a message that the log showed while its answer was lost is not sent again", async () => {
    const world = new World();
    const client = await world.liveClient(ANNA);
    client.api.script("sendMessage", "lost-answer");
    const id = await client.send("hello");
    await world.clock.advance(100);
    expect(client.item(id)?.delivery).toBe("sent");
    await world.clock.advance(30_000);
    expect(client.api.count("sendMessage")).toBe(1);
  });

  it("SND3 F13 a request that never arrived is sent again under the same id", async () => {
    const world = new World();
    const client = await world.liveClient(ANNA);
    client.api.script("sendMessage", "lost-request", "lost-request");
    const id = await client.send("hello");
    await world.clock.advance(10_100);
    expect(shown(client)).toEqual([["hello", "queued", "network"]]);
    await world.clock.advance(20_000);
    expect(client.item(id)?.delivery).toBe("sent");
    const ids = client.api.calls.flatMap(({ method, argument }) =>
      method === "sendMessage" ? [(argument as { id: string }).id] : [],
    );
    expect(ids).toEqual([id, id, id]);
  });

  it("SND3 an accepted message whose event comes after a gap is neither sent nor gone before the gap is closed", async () => {
    const world = new World();
    const client = await world.liveClient(ANNA);
    client.transport.disconnect("refused");
    world.say(WEBER, "not heard of yet");
    const id = await client.send("hello");
    await world.clock.advance(30);
    expect(shown(client)).toEqual([["hello", "sending", null]]);
    await world.clock.advance(450);
    expect(client.texts).toEqual(["not heard of yet", "hello"]);
    expect(client.item(id)?.delivery).toBe("sent");
  });

  it("SND3 ID1 a repeat of a message far above the window is settled without a second bubble", async () => {
    const world = new World();
    const id = world.say(ANNA, "long ago");
    for (let i = 0; i < 60; i += 1) world.say(WEBER, `${i}`);
    const client = world.client(ANNA);
    const { id: consultationId } = world.server.readSnapshot().consultation;
    await client.ports.queue.add({
      kind: "send",
      id,
      consultationId,
      content: "long ago",
      replyToId: null,
      queuedAt: null,
      parked: null,
    });
    client.start();
    await world.clock.advance(500);
    expect(client.item(id)).toBeUndefined();
    expect(client.view.items).toHaveLength(50);
    expect(world.server.headSeq).toBe(61);
    expect(await client.ports.queue.list(consultationId)).toEqual([]);
  });

  it("SND3 a command taken with an answer that cannot be read is confirmed by the log", async () => {
    const world = new World();
    const client = await world.liveClient(ANNA);
    client.transport.disconnect("refused");
    client.api.script("sendMessage", "garbled-answer");
    const id = await client.send("hello");
    await world.clock.advance(100);
    expect(client.api.count("sendMessage")).toBe(1);
    expect(client.item(id)?.delivery).toBe("sent");
  });
});

describe("SND4 what a failure means", () => {
  it.each(["unavailable", "rate-limited", "internal-error"] as const)(
    "SND4 %s is transient: it waits and goes",
    async (code) => {
      const world = new World();
      const client = await world.liveClient(ANNA);
      client.api.script("sendMessage", refused(code));
      const id = await client.send("hello");
      await world.clock.advance(25);
      expect(shown(client)).toEqual([["hello", "queued", code]]);
      await world.clock.advance(1_100);
      expect(client.item(id)?.delivery).toBe("sent");
    },
  );

  it("SND4 Retry-After is honoured, even when other answers show that the server is there", async () => {
    const world = new World();
    const client = await world.liveClient(ANNA);
    client.api.script("sendMessage", refused("rate-limited", 8_000));
    const id = await client.send("hello");
    await world.clock.advance(100);
    client.signals.set("visible");
    await world.clock.advance(7_800);
    expect(client.item(id)?.delivery).toBe("queued");
    await world.clock.advance(500);
    expect(client.item(id)?.delivery).toBe("sent");
  });

  it("SND4 backs off with jitter, and not for ever", async () => {
    const world = new World();
    const client = await world.liveClient(ANNA);
    client.api.script("sendMessage", ...Array.from({ length: 12 }, () => refused("unavailable")));
    await client.send("hello");
    await world.clock.advance(5 * 60_000);
    const times = client.api.calls.filter(({ method }) => method === "sendMessage").map(({ at }) => at);
    const gaps = times.slice(1).map((at, index) => at - (times[index] ?? 0));
    expect(times).toHaveLength(13);
    expect(Math.max(...gaps)).toBeLessThan(3_100);
    expect(gaps[0]).toBeLessThan(600);
    expect(Math.min(...gaps.slice(6))).toBeGreaterThan(1_500);
    expect(client.texts).toEqual(["hello"]);
  });

  it("SND4 offline pauses, online goes on at once", async () => {
    const world = new World();
    const client = await world.liveClient(ANNA);
    client.signals.set("offline");
    const ids = [await client.send("one"), await client.send("two")];
    await world.clock.advance(60_000);
    expect(client.api.count("sendMessage")).toBe(0);
    expect(shown(client).map(([, delivery]) => delivery)).toEqual(["queued", "queued"]);
    client.signals.set("online");
    await world.clock.advance(100);
    expect(ids.map((id) => client.item(id)?.delivery)).toEqual(["sent", "sent"]);
  });

  it("SND4 F29 an ended session keeps everything, asks to sign in, and goes on afterwards", async () => {
    const world = new World();
    const client = await world.liveClient(ANNA);
    client.api.script("sendMessage", refused("session-ended"));
    await client.send("one");
    await client.send("two");
    await world.clock.advance(5_000);
    expect(client.view.signedOut).toBe(true);
    expect(client.api.count("sendMessage")).toBe(1);
    expect(shown(client).map(([text, delivery]) => [text, delivery])).toEqual([
      ["one", "queued"],
      ["two", "queued"],
    ]);
    client.signals.set("visible");
    await world.clock.advance(200);
    expect(client.view.signedOut).toBe(false);
    expect(shown(client).map(([text, delivery]) => [text, delivery])).toEqual([
      ["one", "sent"],
      ["two", "sent"],
    ]);
  });

  it("SND4 UI3 a definite refusal parks with its reason, and those behind it visibly with it", async () => {
    const world = new World();
    const client = await world.liveClient(ANNA);
    world.server.setStatus(WEBER, "COMPLETED");
    const one = await client.send("one");
    await client.send("two");
    await world.clock.advance(200);
    const three = await client.send("three");
    await world.clock.advance(60_000);
    expect(shown(client).slice(1)).toEqual([
      ["one", "parked", "consultation-not-in-progress"],
      ["two", "parked", null],
      ["three", "parked", null],
    ]);
    expect(client.api.count("sendMessage")).toBe(1);
    client.engine.discard(three);
    await world.clock.advance(200);
    expect(client.api.count("sendMessage")).toBe(1);
    client.engine.discard(one);
    await world.clock.advance(200);
    expect(shown(client).slice(1)).toEqual([["two", "parked", "consultation-not-in-progress"]]);
    expect(client.untruths).toEqual([]);
  });

  it("SND4 retry releases all of them together, in order", async () => {
    const world = new World();
    const client = await world.liveClient(ANNA);
    client.api.script("sendMessage", refused("not-allowed"));
    await client.send("one");
    const two = await client.send("two");
    await world.clock.advance(100);
    client.engine.retry(two);
    await world.clock.advance(200);
    expect(shown(client)).toEqual([
      ["one", "sent", undefined],
      ["two", "sent", undefined],
    ]);
    client.engine.retry(two);
    client.engine.discard(two);
    expect(client.texts).toEqual(["one", "two"]);
  });

  it("SND4 UI1 a parked message that the log shows after all is sent", async () => {
    const world = new World();
    const client = await world.liveClient(ANNA);
    client.api.script("sendMessage", refused("not-found"));
    const id = await client.send("hello");
    await client.send("behind it");
    await world.clock.advance(100);
    expect(client.item(id)?.delivery).toBe("parked");
    const { id: consultationId } = world.server.readSnapshot().consultation;
    world.server.send(ANNA, { id, consultationId, content: "hello", replyToId: null, attachmentIds: [] });
    await world.clock.advance(200);
    expect(shown(client).map(([text, delivery]) => [text, delivery])).toEqual([
      ["hello", "sent"],
      ["behind it", "sent"],
    ]);
    expect(client.untruths).toEqual([]);
  });
});

describe("receipts", () => {
  it("C4 delivered once a second at most, read after 300 ms, only ever forward, never beyond the head", async () => {
    const world = new World();
    const client = await world.liveClient(ANNA);
    const receipts = () =>
      client.api.calls.flatMap(({ method, argument }) => (method === "recordReceipt" ? [argument] : []));
    for (let i = 0; i < 5; i += 1) world.say(WEBER, `${i}`);
    await world.clock.advance(900);
    expect(receipts()).toEqual([]);
    await world.clock.advance(200);
    expect(receipts()).toEqual([{ deliveredUpToSeq: 5 }]);
    client.engine.markRead(3);
    client.engine.markRead(4_000);
    client.engine.markRead(2);
    await world.clock.advance(290);
    expect(receipts()).toHaveLength(1);
    await world.clock.advance(5_000);
    expect(receipts()).toEqual([{ deliveredUpToSeq: 5 }, { readUpToSeq: 5 }]);
    client.engine.markRead(5);
    await world.clock.advance(5_000);
    expect(receipts()).toHaveLength(2);
  });

  it("C4 what was seen before the first load is read as soon as it is loaded", async () => {
    const world = new World();
    world.say(WEBER, "came along with the page");
    const client = world.client(ANNA).start();
    client.engine.markRead(1);
    await world.clock.advance(2_000);
    expect(world.server.positions.get(ANNA.id)?.readUpToSeq).toBe(1);
    client.stop();
  });

  it("C1 a receipt whose answer comes after the stop is not tried again", async () => {
    const world = new World();
    const client = await world.liveClient(ANNA);
    client.api.script("recordReceipt", ...Array.from({ length: 9 }, () => refused("unavailable")));
    world.say(WEBER, "seen");
    await world.clock.advance(1_030);
    expect(client.api.count("recordReceipt")).toBe(1);
    client.stop();
    await world.clock.advance(120_000);
    expect(client.api.count("recordReceipt")).toBe(1);
    expect(world.clock.pending).toBe(0);
  });

  it("C4 F29 a receipt refused for want of a session is told after signing in again", async () => {
    const world = new World();
    const client = await world.liveClient(ANNA);
    client.api.script("recordReceipt", refused("session-ended"));
    world.say(WEBER, "seen");
    await world.clock.advance(10_000);
    expect(world.server.positions.get(ANNA.id)?.deliveredUpToSeq).toBe(1);
  });

  it("C4 nothing is told for one's own messages, and a failed receipt is told again", async () => {
    const world = new World();
    const client = await world.liveClient(ANNA);
    await client.send("mine");
    await world.clock.advance(5_000);
    expect(client.api.count("recordReceipt")).toBe(0);
    client.api.script("recordReceipt", refused("unavailable"), "lost-request");
    world.say(WEBER, "theirs");
    await world.clock.advance(30_000);
    expect(world.server.positions.get(ANNA.id)?.deliveredUpToSeq).toBe(2);
  });

  it("UI1 RCV7 the sender sees delivered and read, pushed or not", async () => {
    for (const drop of [false, true]) {
      const world = new World();
      const [anna, weber] = [await world.liveClient(ANNA), await world.liveClient(WEBER)];
      const id = await anna.send("hello");
      await world.clock.advance(200);
      if (drop) anna.transport.push = () => {};
      await world.clock.advance(30_000);
      expect(anna.item(id)?.delivery).toBe("delivered");
      weber.engine.markRead(1);
      await world.clock.advance(30_000);
      expect(anna.item(id)?.delivery).toBe("read");
      expect([...anna.untruths, ...weber.untruths]).toEqual([]);
    }
  });

  it("RCV7 an unreadable position push is ignored", async () => {
    const world = new World();
    const client = await world.liveClient(ANNA);
    const calls = client.api.calls.length;
    client.transport.deliver(CHANNEL, "message-read", { v: 1, position: "nonsense" });
    await world.clock.advance(100);
    expect([client.view.failure, client.api.calls.length]).toEqual([null, calls]);
  });
});
