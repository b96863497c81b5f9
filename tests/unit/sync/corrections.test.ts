import { describe, expect, it } from "vitest";
import type { ErrorCode } from "@/lib/protocol/errors";
import type { NewCommand, StoredCommand } from "@/lib/sync/ports";
import { MemoryQueue } from "@/tests/support/sim/memory-queue";
import { ANNA, CONSULTATION_ID, IBRAHIM, refused, WEBER } from "@/tests/support/sim/server-model";
import { CHANNEL, NO_FAULTS } from "@/tests/support/sim/sim-network";
import { type SimClient, World } from "@/tests/support/sim/world";

/** Corrections of a client's, in the order in which they were asked of the server. */
function asked({ api }: SimClient): unknown[] {
  const commands = ["sendMessage", "editMessage", "deleteMessage", "setReaction"];
  return api.calls.flatMap(({ method, argument }) => (commands.includes(method) ? [[method, wordsIn(argument)]] : []));
}

function wordsIn(argument: unknown): unknown {
  const { content, emoji, on } = argument as { content?: string; emoji?: string; on?: boolean };
  return content ?? (emoji === undefined ? null : `${on ? "+" : "-"}${emoji}`);
}

function kept(queue: MemoryQueue): Promise<readonly StoredCommand[]> {
  return queue.tab().list(CONSULTATION_ID);
}

async function withOwnMessage() {
  const world = new World();
  const queue = new MemoryQueue();
  const id = world.say(ANNA, "first words");
  const client = await world.liveClient(ANNA, queue);
  const change = () => client.item(id)?.change ?? null;
  const content = () => client.item(id)?.message?.content;
  const reactions = () => client.item(id)?.message?.reactions;
  return { world, queue, id, client, change, content, reactions };
}

async function settled<T>(world: World, promise: Promise<T>): Promise<T> {
  await world.clock.advance(1_000);
  return promise;
}

describe("A6 edit", () => {
  it("A6 SND1 resolves when the storage has it, is shown at once, and is confirmed by the log", async () => {
    const { world, queue, id, client, change, content } = await withOwnMessage();
    const result = await client.engine.edit(id, "  better words ");
    expect(result.ok).toBe(true);
    expect(await kept(queue)).toMatchObject([{ kind: "edit", messageId: id, content: "better words", parked: null }]);
    expect(change()).toMatchObject({ kind: "edit", content: "better words" });
    expect(content()).toBe("first words");
    await world.clock.advance(200);
    expect([change(), content()]).toEqual([null, "better words"]);
    expect(client.item(id)?.message?.editedAt).not.toBeNull();
    expect(await kept(queue)).toEqual([]);
  });

  it("A6 what the server would refuse is not queued, and the same words are nothing to do", async () => {
    const { queue, id, client } = await withOwnMessage();
    expect(await client.engine.edit(id, " \u200b ")).toEqual({ ok: false, reason: "invalid", issue: "empty" });
    expect(await client.engine.edit(id, "first words ")).toEqual({ ok: true, id: null });
    expect(await kept(queue)).toEqual([]);
  });

  it("SND3 A6 from the first moment to the log the words never go back, whatever becomes of the answer", async () => {
    for (const fate of ["ok", "lost-answer", "lost-request", "garbled-answer", refused("unavailable")] as const) {
      for (const pushes of [true, false]) {
        const { world, id, client } = await withOwnMessage();
        if (!pushes) client.transport.push = () => {};
        client.api.script("editMessage", fate);
        const shown = new Set<string | null | undefined>();
        client.engine.subscribe(() => {
          const item = client.item(id);
          shown.add(item?.change?.content ?? item?.message?.content);
        });
        await client.engine.edit(id, "better words");
        await world.clock.advance(60_000);
        expect([...shown]).toEqual(["better words"]);
        expect(client.item(id)?.change).toBeNull();
        expect(world.server.log.filter(({ type }) => type === "message-edited")).toHaveLength(1);
      }
    }
  });

  it("SND4 A6 a closed window parks it with its reason and its words, and holds up nothing", async () => {
    const { world, queue, id, client, change, content } = await withOwnMessage();
    client.api.script("editMessage", refused("edit-window-closed"));
    await client.engine.edit(id, "too late");
    const next = await client.send("goes on");
    await world.clock.advance(300);
    expect(change()).toMatchObject({
      kind: "edit",
      state: "parked",
      reason: "edit-window-closed",
      content: "too late",
    });
    expect([content(), client.item(next)?.delivery]).toEqual(["first words", "sent"]);
    expect(await kept(queue)).toMatchObject([{ kind: "edit", parked: "edit-window-closed", content: "too late" }]);
    expect(client.untruths).toEqual([]);
  });

  it("SND4 A6 a parked edit is tried again, given up, or replaced by another", async () => {
    for (const decision of ["retry", "discard", "replace"] as const) {
      const { world, queue, id, client, change, content } = await withOwnMessage();
      client.api.script("editMessage", refused("edit-window-closed"));
      await client.engine.edit(id, "too late");
      await world.clock.advance(300);
      const commandId = change()?.commandId ?? "";
      if (decision === "replace") await client.engine.edit(id, "another");
      else client.engine[decision](commandId);
      await world.clock.advance(300);
      const expected = { retry: "too late", discard: "first words", replace: "another" }[decision];
      expect([decision, change(), content()]).toEqual([decision, null, expected]);
      expect(await kept(queue)).toEqual([]);
    }
  });

  it("SND1 A6 a parked edit of a message that is not loaded is seen all the same, and moves to it when it is", async () => {
    const world = new World();
    const queue = new MemoryQueue();
    const id = world.say(ANNA, "long ago");
    for (let index = 0; index < 60; index += 1) world.say(WEBER, `${index}`);
    const base = { consultationId: CONSULTATION_ID, queuedAt: null };
    await queue
      .tab()
      .add({ ...base, kind: "edit", id: "e", messageId: id, content: "kept", parked: "message-deleted" });
    const client = await world.liveClient(ANNA, queue);
    expect(client.view.items.at(-1)).toMatchObject({
      key: "e",
      message: null,
      pending: { state: "parked", reason: "message-deleted", content: "kept" },
      change: { kind: "edit", commandId: "e" },
    });
    expect(await settled(world, client.engine.loadUntil(1))).toBe(true);
    expect(client.view.items.map(({ key }) => key)).not.toContain("e");
    expect(client.item(id)?.change).toMatchObject({ state: "parked", content: "kept" });
    client.engine.discard("e");
    await world.clock.advance(10);
    expect([client.item(id)?.change, await kept(queue)]).toEqual([null, []]);
  });

  it("A6 SND2 an edit after an edit that still waits takes its place: one request, the last words", async () => {
    const { world, queue, id, client, change, content } = await withOwnMessage();
    client.signals.set("offline");
    for (const words of ["one", "two", "three"]) await client.engine.edit(id, words);
    expect((await kept(queue)).map((command) => "content" in command && command.content)).toEqual(["three"]);
    expect(change()?.content).toBe("three");
    client.signals.set("online");
    await world.clock.advance(300);
    expect(asked(client)).toEqual([["editMessage", "three"]]);
    expect([change(), content()]).toEqual([null, "three"]);
  });

  it("A6 SND2 one that is on its way is not taken back by the next, and the last words win", async () => {
    const { world, id, client, content } = await withOwnMessage();
    client.api.latencyMs = () => 500;
    await client.engine.edit(id, "one");
    await world.clock.advance(100);
    await client.engine.edit(id, "first words");
    expect(client.item(id)?.change).toMatchObject({ state: "queued", content: "first words" });
    await world.clock.advance(5_000);
    expect(asked(client)).toEqual([
      ["editMessage", "one"],
      ["editMessage", "first words"],
    ]);
    expect(content()).toBe("first words");
    expect(world.server.message(id).content).toBe("first words");
  });

  it("SND1 F23 an edit survives the death of its tab, in its order among messages", async () => {
    const world = new World();
    const queue = new MemoryQueue();
    const id = world.say(ANNA, "first words");
    const one = await world.liveClient(ANNA, queue);
    one.signals.set("offline");
    await one.send("before");
    await one.engine.edit(id, "better words");
    await one.send("after");
    one.crash();
    const two = await world.liveClient(ANNA, queue);
    await world.clock.advance(500);
    expect(asked(two)).toEqual([
      ["sendMessage", "before"],
      ["editMessage", "better words"],
      ["sendMessage", "after"],
    ]);
    expect(await kept(queue)).toEqual([]);
  });

  it("SND5 A6 what lay here for days is for the server's window to judge, and its words stay", async () => {
    const world = new World();
    const queue = new MemoryQueue();
    const id = world.say(ANNA, "first words");
    const one = await world.liveClient(ANNA, queue);
    one.signals.set("offline");
    await one.engine.edit(id, "days later");
    one.crash();
    world.serverTime = (world.serverTime ?? 0) + 3 * 24 * 3_600_000;
    const two = world.client(ANNA, queue);
    two.api.script("editMessage", refused("edit-window-closed"));
    two.start();
    await world.clock.advance(1_000);
    expect(two.item(id)?.change).toMatchObject({
      state: "parked",
      reason: "edit-window-closed",
      content: "days later",
    });
  });
});

describe("A6 delete", () => {
  it("A6 is marked at once and becomes a tombstone, also in quotes", async () => {
    const { world, id, client, change } = await withOwnMessage();
    const reply = world.say(WEBER, "answer", id);
    await world.clock.advance(100);
    await client.engine.remove(id);
    await world.clock.advance(0);
    expect(change()).toMatchObject({ kind: "delete", state: "sending", content: null });
    await world.clock.advance(200);
    expect([change(), client.item(id)?.message?.deletedAt === null, client.texts]).toEqual([
      null,
      false,
      [null, "answer"],
    ]);
    expect(client.item(reply)?.message?.replyTo?.excerpt).toBeNull();
  });

  it("SND4 A6 a refused deletion is told until its author has decided, and holds up nothing", async () => {
    const { world, queue, id, client, change } = await withOwnMessage();
    client.api.script("deleteMessage", refused("edit-window-closed"));
    await client.engine.remove(id);
    const next = await client.send("goes on");
    await world.clock.advance(60_000);
    expect(change()).toMatchObject({ kind: "delete", state: "parked", reason: "edit-window-closed" });
    expect([client.item(id)?.message?.content, client.item(next)?.delivery]).toEqual(["first words", "sent"]);
    client.engine.discard(change()?.commandId ?? "");
    await world.clock.advance(10);
    expect([change(), await kept(queue)]).toEqual([null, []]);
  });

  it("SND4 A6 a refused deletion gives way to an edit; one that waits is done first", async () => {
    for (const code of ["edit-window-closed", "unavailable"] as const) {
      const { world, queue, id, client, change } = await withOwnMessage();
      client.api.script("deleteMessage", refused(code));
      await client.engine.remove(id);
      await world.clock.advance(100);
      await client.engine.edit(id, "better words");
      expect(change()?.kind).toBe(code === "unavailable" ? "delete" : "edit");
      await world.clock.advance(5_000);
      const parked = code === "unavailable" ? { state: "parked", reason: "message-deleted" } : null;
      expect([client.item(id)?.message?.content, change()]).toMatchObject([parked ? null : "better words", parked]);
      expect(await kept(queue)).toHaveLength(parked ? 1 : 0);
    }
  });

  it("A6 SND2 twice is once", async () => {
    const { world, id, client } = await withOwnMessage();
    client.api.latencyMs = () => 500;
    await Promise.all([client.engine.remove(id), client.engine.remove(id)]);
    await client.engine.remove(id);
    await world.clock.advance(5_000);
    expect(world.server.log.filter(({ type }) => type === "message-deleted")).toHaveLength(1);
    expect(client.item(id)?.change).toBeNull();
  });

  it("ATK104 A6 words that were taken back offline are never sent, neither a message nor an edit", async () => {
    const { world, queue, id, client } = await withOwnMessage();
    client.signals.set("offline");
    const unsent = await client.send("taken back");
    await client.engine.edit(unsent, "taken back twice");
    await client.engine.edit(id, "a slip");
    await client.send("stays");
    await client.engine.remove(unsent);
    await client.engine.remove(id);
    expect(client.item(unsent)).toBeUndefined();
    expect(client.item(id)?.change).toMatchObject({ kind: "delete" });
    client.signals.set("online");
    await world.clock.advance(1_000);
    expect(asked(client)).toEqual([
      ["sendMessage", "stays"],
      ["deleteMessage", null],
      ["deleteMessage", null],
    ]);
    expect(client.texts).toEqual([null, "stays"]);
    expect(await kept(queue)).toEqual([]);
    expect(client.untruths).toEqual([]);
  });

  it("A6 SND3 a waiting message that had come to the server without an answer is deleted there", async () => {
    const { world, queue, client } = await withOwnMessage();
    client.transport.push = () => {};
    client.api.script("sendMessage", "lost-answer");
    const unsent = await client.send("may be there");
    await world.clock.advance(10_300);
    expect(client.item(unsent)?.pending?.state).toBe("queued");
    await client.engine.remove(unsent);
    await world.clock.advance(30_000);
    expect(world.server.message(unsent).content).toBeNull();
    expect(client.item(unsent)?.message?.content).toBeNull();
    expect(asked(client).filter((call) => JSON.stringify(call).includes("sendMessage"))).toHaveLength(1);
    expect(await kept(queue)).toEqual([]);
  });

  it("A6 F22 a message that was taken back and comes to the server only then, by a slow request, is deleted there", async () => {
    const { world, queue, client } = await withOwnMessage();
    client.api.script("sendMessage", "lost-request");
    const unsent = await client.send("slow");
    await world.clock.advance(10_100);
    await client.engine.remove(unsent);
    await world.clock.advance(5_000);
    expect([client.item(unsent), await kept(queue), world.server.messages.has(unsent)]).toEqual([undefined, [], false]);
    const { id: consultationId } = world.server.readSnapshot().consultation;
    world.server.send(ANNA, { id: unsent, consultationId, content: "slow", replyToId: null, attachmentIds: [] });
    await world.clock.advance(1_000);
    expect(world.server.message(unsent).content).toBeNull();
    expect([client.item(unsent)?.message?.content, await kept(queue)]).toEqual([null, []]);
  });

  it("A6 SND2 a message that is just on its way, from here or from another tab, is sent and then deleted", async () => {
    for (const which of ["here", "there"] as const) {
      const world = new World();
      const queue = new MemoryQueue();
      const [one, two] = [await world.liveClient(ANNA, queue), await world.liveClient(ANNA, queue)];
      one.api.latencyMs = () => 300;
      const id = await one.send("on its way");
      await world.clock.advance(100);
      await (which === "here" ? one : two).engine.remove(id);
      await world.clock.advance(5_000);
      expect(world.server.message(id).deletedAt).not.toBeNull();
      for (const tab of [one, two]) {
        expect(tab.view.items.map(({ message, change }) => [message?.content, change])).toEqual([[null, null]]);
        expect(tab.untruths).toEqual([]);
      }
      expect(await kept(queue)).toEqual([]);
    }
  });

  it("A6 SND4 a parked message goes without a word to the server, and what it held up goes on", async () => {
    const { world, queue, client } = await withOwnMessage();
    client.api.script("sendMessage", refused("not-allowed"));
    const parked = await client.send("refused");
    const behind = await client.send("behind it");
    await world.clock.advance(200);
    await client.engine.remove(parked);
    await world.clock.advance(200);
    expect([client.item(parked), client.item(behind)?.delivery]).toEqual([undefined, "sent"]);
    expect(client.api.count("deleteMessage")).toBe(0);
    expect(await kept(queue)).toEqual([]);
  });

  it("A6 SND1 a refused deletion lets go on what it had passed over", async () => {
    const { world, id, client, change } = await withOwnMessage();
    client.signals.set("offline");
    await client.engine.edit(id, "kept after all");
    await client.engine.remove(id);
    client.api.script("deleteMessage", refused("edit-window-closed"));
    client.signals.set("online");
    await world.clock.advance(500);
    expect(client.item(id)?.message?.content).toBe("kept after all");
    expect(change()).toMatchObject({ kind: "delete", state: "parked" });
  });

  it("A6 a deletion of mine takes a parked edit with it; somebody else's leaves me my words", async () => {
    for (const mine of [true, false]) {
      const { world, queue, id, client, change } = await withOwnMessage();
      client.api.script("editMessage", refused("edit-window-closed"));
      await client.engine.edit(id, "my words");
      await world.clock.advance(200);
      if (mine) await client.engine.remove(id);
      else world.server.delete(ANNA, id);
      await world.clock.advance(300);
      expect(client.item(id)?.message?.content).toBeNull();
      expect(change()?.content ?? null).toBe(mine ? null : "my words");
      expect(await kept(queue)).toHaveLength(mine ? 0 : 1);
    }
  });
});

describe("D5 reactions", () => {
  const mine = [{ emoji: "👍", userIds: [ANNA.id] }];

  it("D5 stand there at once, in their place, and the log confirms them without a flicker", async () => {
    const { world, id, client, reactions } = await withOwnMessage();
    world.server.react(WEBER, id, "👍", "reaction-added");
    world.server.react(WEBER, id, "🙏", "reaction-added");
    await world.clock.advance(100);
    const shown = new Set<string>();
    client.engine.subscribe(() => shown.add(JSON.stringify(reactions())));
    await client.engine.react(id, "👍", true);
    const both = [
      { emoji: "👍", userIds: [ANNA.id, WEBER.id] },
      { emoji: "🙏", userIds: [WEBER.id] },
    ];
    expect(reactions()).toEqual(both);
    await world.clock.advance(1_000);
    expect(reactions()).toEqual(both);
    expect(shown.size).toBe(1);
    expect(world.server.message(id).reactions).toEqual(both);
  });

  it("D5 SND2 on and off while they wait is one request with the last wish", async () => {
    const { world, queue, id, client, reactions } = await withOwnMessage();
    client.signals.set("offline");
    for (const on of [true, false, true]) await client.engine.react(id, "👍", on);
    await client.engine.react(id, "🙏", true);
    await client.engine.react(id, "🙏", false);
    expect(await kept(queue)).toHaveLength(2);
    expect(reactions()).toEqual(mine);
    client.signals.set("online");
    await world.clock.advance(500);
    expect(asked(client)).toEqual([
      ["setReaction", "+👍"],
      ["setReaction", "-🙏"],
    ]);
    expect(reactions()).toEqual(mine);
    expect(await kept(queue)).toEqual([]);
  });

  it("D5 what is so already is not asked for again", async () => {
    const { queue, id, client } = await withOwnMessage();
    expect(await client.engine.react(id, "👍", false)).toEqual({ ok: true, id: null });
    expect(await kept(queue)).toEqual([]);
  });

  it("SND3 D5 a repeat that finds nothing to change stays on the screen until the log was read", async () => {
    const { world, id, client, reactions } = await withOwnMessage();
    client.transport.push = () => {};
    client.api.script("setReaction", "lost-answer");
    client.api.script("readEvents", "lost-request");
    const shown = new Set<string>();
    client.engine.subscribe(() => shown.add(JSON.stringify(reactions())));
    await client.engine.react(id, "👍", true);
    await world.clock.advance(60_000);
    expect([...shown]).toEqual([JSON.stringify(mine)]);
    expect(client.api.count("setReaction")).toBe(2);
    expect(world.server.log.filter(({ type }) => type === "reaction-added")).toHaveLength(1);
  });

  it("SND4 D5 a refused one is told for a moment, forgotten, and holds up nothing", async () => {
    const { world, queue, id, client, reactions } = await withOwnMessage();
    client.api.script("setReaction", refused("validation-failed"));
    await client.engine.react(id, "👍", true);
    const next = await client.send("goes on");
    await world.clock.advance(300);
    expect(client.item(id)).toMatchObject({
      refusedReaction: { emoji: "👍", on: true, reason: "validation-failed" },
      message: { reactions: [] },
    });
    expect(client.item(next)?.delivery).toBe("sent");
    expect(await kept(queue)).toEqual([]);
    await world.clock.advance(6_000);
    expect([client.item(id)?.refusedReaction, reactions()]).toEqual([null, []]);
    client.stop();
    expect(world.clock.pending).toBe(0);
  });

  it("C1 D5 a stop while a refusal is told leaves no timer", async () => {
    const { world, id, client } = await withOwnMessage();
    client.api.script("setReaction", refused("validation-failed"));
    await client.engine.react(id, "👍", true);
    await world.clock.advance(300);
    client.stop();
    await world.clock.advance(0);
    expect(world.clock.pending).toBe(0);
  });

  it("D5 of a message that was deleted meanwhile nothing is said", async () => {
    const { world, queue, id, client } = await withOwnMessage();
    client.signals.set("offline");
    await client.engine.react(id, "👍", true);
    world.server.delete(ANNA, id);
    client.signals.set("online");
    await world.clock.advance(1_000);
    expect(client.item(id)).toMatchObject({ refusedReaction: null, message: { content: null, reactions: [] } });
    expect(await kept(queue)).toEqual([]);
  });

  it("SND4 UI3 after the end nothing is accepted, and everybody sees the truth again", async () => {
    const { world, id, client, reactions } = await withOwnMessage();
    client.transport.push = () => {};
    world.server.setStatus(WEBER, "COMPLETED");
    await client.engine.react(id, "👍", true);
    await client.engine.remove(id);
    await world.clock.advance(300);
    expect(reactions()).toEqual([]);
    expect(client.item(id)?.refusedReaction?.reason).toBe("consultation-not-in-progress");
    expect(client.item(id)?.change).toMatchObject({ kind: "delete", state: "parked" });
    expect(world.server.headSeq).toBe(2);
  });
});

it("W9 an edit that changes only the kind of a line end is none", async () => {
  const { world, client } = await withOwnMessage();
  const id = world.say(ANNA, "one\r\ntwo");
  await world.clock.advance(100);
  expect(await settled(world, client.engine.edit(id, "one\ntwo"))).toEqual({ ok: true, id: null });
  expect(await settled(world, client.engine.edit(id, "one\r\n2 "))).toMatchObject({ ok: true });
  expect(client.item(id)?.message?.content).toBe("one\n2");
});

describe("D5 replies", () => {
  it("D5 F24 a reply waits with its quote, which follows what it quotes", async () => {
    const { world, id, client } = await withOwnMessage();
    client.signals.set("offline");
    const sent = await client.engine.send("answer", id);
    const key = sent.ok ? sent.id : "";
    const quote = () => client.item(key)?.pending?.replyTo ?? client.item(key)?.message?.replyTo;
    expect(quote()).toEqual({ id, seq: 1, senderName: "Anna", excerpt: "first words" });
    client.signals.set("online");
    client.api.script("sendMessage", ...Array.from({ length: 3 }, () => refused("unavailable")));
    world.server.edit(ANNA, id, "other words");
    await world.clock.advance(100);
    expect(quote()?.excerpt).toBe("other words");
    world.server.delete(ANNA, id);
    await world.clock.advance(100);
    expect(quote()).toMatchObject({ id, excerpt: null });
    await world.clock.advance(20_000);
    expect(client.item(key)).toMatchObject({ pending: null, message: { replyTo: { id, excerpt: null } } });
  });

  it("F24 D5 an answer to a message that still waits goes out after it", async () => {
    const { world, client } = await withOwnMessage();
    client.signals.set("offline");
    const first = await client.send("question");
    const second = await client.engine.send("its answer", first);
    const key = second.ok ? second.id : "";
    expect(client.item(key)?.pending?.replyTo).toEqual({
      id: first,
      seq: null,
      senderName: "Anna",
      excerpt: "question",
    });
    client.signals.set("online");
    await world.clock.advance(500);
    expect(client.item(key)?.message?.replyTo).toMatchObject({ id: first, excerpt: "question" });
  });

  it("D2 D5 a quote of what is not loaded says so, and a jump loads it, within bounds", async () => {
    const world = new World();
    const id = world.say(WEBER, "long ago");
    for (let index = 0; index < 400; index += 1) world.say(WEBER, `${index}`);
    const client = await world.liveClient(ANNA);
    client.signals.set("offline");
    const sent = await client.engine.send("answer", id);
    const quote = () => client.item(sent.ok ? sent.id : "")?.pending?.replyTo;
    expect(quote()).toEqual({ id, seq: null, senderName: null, excerpt: null });
    client.signals.set("online");
    client.api.script("sendMessage", ...Array.from({ length: 9 }, () => refused("unavailable")));
    client.api.script("readMessages", "ok", refused("unavailable"));
    expect(await settled(world, client.engine.loadUntil(1))).toBe(false);
    expect(await settled(world, client.engine.loadUntil(1))).toBe(true);
    expect(client.api.count("readMessages")).toBe(3);
    expect(quote()).toMatchObject({ senderName: WEBER.name, excerpt: "long ago" });
    expect(await settled(world, client.engine.loadUntil(1))).toBe(true);
    expect(client.api.count("readMessages")).toBe(3);
  });
});

describe("SND2 several tabs", () => {
  it("SND2 F18 what one tab changes lies over the other tab's screen, and is done once", async () => {
    const world = new World();
    const queue = new MemoryQueue();
    const id = world.say(ANNA, "first words");
    const [one, two] = [await world.liveClient(ANNA, queue), await world.liveClient(ANNA, queue)];
    for (const { signals } of [one, two]) signals.set("offline");
    await one.engine.edit(id, "better words");
    await two.engine.react(id, "👍", true);
    await world.clock.advance(0);
    for (const tab of [one, two]) {
      expect(tab.item(id)).toMatchObject({
        change: { content: "better words", state: "queued" },
        message: { reactions: [{ emoji: "👍", userIds: [ANNA.id] }] },
      });
    }
    for (const { signals } of [two, one]) signals.set("online");
    await world.clock.advance(3_000);
    for (const tab of [one, two]) {
      expect(tab.item(id)).toMatchObject({ change: null, message: { content: "better words" } });
    }
    expect([...asked(one), ...asked(two)]).toHaveLength(2);
    expect(world.server.headSeq).toBe(3);
  });

  it("SND5 F26 signing out empties the overlay too, and nothing is sent", async () => {
    const world = new World();
    const queue = new MemoryQueue();
    const id = world.say(ANNA, "first words");
    const client = await world.liveClient(ANNA, queue);
    client.signals.set("offline");
    await client.engine.edit(id, "secret");
    await client.engine.react(id, "👍", true);
    queue.wipe();
    expect(client.item(id)).toMatchObject({ change: null, message: { content: "first words", reactions: [] } });
    client.signals.set("online");
    await world.clock.advance(5_000);
    expect(asked(client)).toEqual([]);
  });

  it("SND1 F6 twenty corrections of all kinds through a bad network end as if it had been a good one", async () => {
    for (let seed = 1; seed <= 8; seed += 1) {
      const world = new World(seed);
      const id = world.say(ANNA, "first words");
      const [one, two] = [await world.liveClient(ANNA), await world.liveClient(WEBER)];
      const bad = {
        ...NO_FAULTS,
        lostRequest: 0.2,
        lostAnswer: 0.2,
        unavailable: 0.2,
        pushDropped: 0.3,
        pushDoubled: 0.3,
      };
      for (const client of [one, two]) client.setFaults({ ...bad, pushDelayed: 0.3 });
      for (let step = 0; step < 10; step += 1) {
        await one.engine.edit(id, `edit ${step}`);
        await two.engine.react(id, step % 3 === 0 ? "🙏" : "👍", step % 2 === 0);
        await world.clock.advance(world.random.below(2_000));
      }
      for (const client of [one, two]) client.setFaults(NO_FAULTS);
      await world.clock.advance(120_000);
      const fresh = world.server.readSnapshot().messages;
      for (const client of [one, two]) {
        expect(client.view.items.map(({ message }) => message)).toEqual(fresh);
        expect(client.view.items.map(({ change }) => change)).toEqual([null]);
        expect(client.untruths).toEqual([]);
      }
      expect(fresh[0]).toMatchObject({ content: "edit 9", reactions: [{ emoji: "👍", userIds: [WEBER.id] }] });
    }
  });
});

describe("UI4 removed", () => {
  async function removable() {
    const world = new World();
    world.server.join(WEBER, IBRAHIM);
    const quoted = world.say(WEBER, "confidential");
    const own = world.say(IBRAHIM, "I say");
    const queue = new MemoryQueue();
    const client = await world.liveClient(IBRAHIM, queue);
    return { world, queue, client, quoted, own };
  }

  function expectNothingOf(client: SimClient) {
    const { consultation, participants, items, hasMore, failure } = client.view;
    expect([consultation, participants, hasMore, failure]).toEqual([null, [], false, "not-found"]);
    expect(JSON.stringify(items)).not.toContain("confidential");
    expect(items.every(({ message }) => message === null)).toBe(true);
  }

  it("UI4 ATK102 F28 a 404 empties memory and screen at once, by whichever question it comes", async () => {
    for (const way of ["hint", "poll"] as const) {
      const { world, client } = await removable();
      world.server.onCommit = () => {};
      world.server.leave(WEBER, IBRAHIM);
      const { epoch, headSeq: seq } = world.server;
      const hint = { v: 1, consultationId: CONSULTATION_ID, epoch, seq, type: "user-left", hint: true };
      if (way === "hint") client.transport.deliver(CHANNEL, "user-left", hint);
      else client.transport.disconnect("lost");
      await world.clock.advance(4_500);
      expectNothingOf(client);
      expect(client.view.items).toEqual([]);
    }
  });

  it("UI4 F28 the log's own word is enough, and what was on its way or comes later is not taken", async () => {
    const { world, client } = await removable();
    client.api.latencyMs = () => 2_000;
    client.signals.set("visible");
    world.server.leave(WEBER, IBRAHIM);
    await world.clock.advance(50);
    expectNothingOf(client);
    world.say(WEBER, "confidential too");
    const shown: number[] = [];
    client.engine.subscribe(() => shown.push(client.view.items.length));
    await world.clock.advance(30_000);
    expectNothingOf(client);
    expect(shown.every((count) => count === 0)).toBe(true);
  });

  it("UI4 SND1 own words that were not sent stay, without what they quoted", async () => {
    const { world, queue, client, quoted, own } = await removable();
    client.signals.set("offline");
    await client.engine.send("my answer", quoted);
    await client.engine.edit(own, "my correction");
    await client.engine.react(quoted, "👍", true);
    world.server.leave(WEBER, IBRAHIM);
    client.signals.set("online");
    await world.clock.advance(3_000);
    expectNothingOf(client);
    expect(client.view.items.map(({ pending }) => [pending?.content, pending?.state, pending?.reason])).toEqual([
      ["my answer", "parked", "not-found"],
      ["my correction", "parked", "not-found"],
    ]);
    expect(client.view.items[0]?.pending?.replyTo).toEqual({ id: quoted, seq: null, senderName: null, excerpt: null });
    expect((await kept(queue)).map(({ kind }) => kind)).toEqual(["send", "edit"]);
  });

  it("UI4 SND3 an accepted message of somebody who was let in again stays until the log shows it", async () => {
    const { world, client } = await removable();
    world.server.leave(WEBER, IBRAHIM);
    await world.clock.advance(5_000);
    world.server.join(WEBER, IBRAHIM);
    client.api.script("readSnapshot", "garbled-answer", "garbled-answer");
    const id = await client.send("here again");
    const states = new Set<string | null | undefined>();
    client.engine.subscribe(() => states.add(client.item(id)?.delivery));
    await world.clock.advance(60_000);
    expect([...states]).toEqual(["sending", "sent"]);
    expect(client.untruths).toEqual([]);
  });

  it("UI4 SND5 what waited for more than a day is told as refused, not as on its way", async () => {
    const { world, client } = await removable();
    client.signals.set("offline");
    await client.send("of yesterday");
    world.server.leave(WEBER, IBRAHIM);
    // Nobody tells the time to somebody who is refused.
    world.serverTime = null;
    client.signals.set("online");
    await world.clock.advance(10_000);
    expect(client.view.items.map(({ pending }) => [pending?.content, pending?.state, pending?.reason])).toEqual([
      ["of yesterday", "parked", "not-found"],
    ]);
  });

  it("UI4 RCV7 nothing more is told of what was read, and whoever is let in again sees all of it", async () => {
    const { world, client } = await removable();
    await world.clock.advance(3_000);
    const told = client.api.count("recordReceipt");
    client.engine.markRead(3);
    world.server.leave(WEBER, IBRAHIM);
    await world.clock.advance(10_000);
    expectNothingOf(client);
    expect(client.api.count("recordReceipt")).toBe(told);
    world.server.join(WEBER, IBRAHIM);
    await world.clock.advance(60_000);
    expect([client.view.failure, client.texts.filter(Boolean)]).toEqual([null, ["confidential", "I say"]]);
    expect(client.untruths).toEqual([]);
  });
});

describe("SND4 what a refusal means, by kind", () => {
  const kinds: readonly NewCommand["kind"][] = ["send", "edit", "delete", "react"];

  it.each(kinds)("SND4 %s: a 401 keeps it, a 429 is waited for, and then it is done", async (kind) => {
    const { world, queue, id, client } = await withOwnMessage();
    const method = { send: "sendMessage", edit: "editMessage", delete: "deleteMessage", react: "setReaction" }[kind];
    const answers: ErrorCode[] = ["rate-limited", "session-ended"];
    client.api.script(
      method as "sendMessage",
      ...answers.map((code) => refused(code, code === "rate-limited" ? 2_000 : null)),
    );
    if (kind === "send") await client.send("words");
    if (kind === "edit") await client.engine.edit(id, "words");
    if (kind === "delete") await client.engine.remove(id);
    if (kind === "react") await client.engine.react(id, "👍", true);
    await world.clock.advance(1_900);
    expect(client.api.count(method as "sendMessage")).toBe(1);
    await world.clock.advance(600);
    expect([client.view.signedOut, await kept(queue)]).toMatchObject([true, [{ kind, parked: null }]]);
    client.signals.set("visible");
    await world.clock.advance(300);
    expect([client.view.signedOut, await kept(queue), world.server.headSeq]).toEqual([false, [], 2]);
  });
});

describe("W2 changes while an earlier one is on its way into the queue", () => {
  it("W2 D5 each press on a reaction counts: pressed again it is taken back, a third time put there again", async () => {
    for (const presses of [1, 2, 3]) {
      const { world, id, client, reactions } = await withOwnMessage();
      const pressed = Array.from({ length: presses }, () => client.engine.toggle(id, "👍"));
      await settled(world, Promise.all(pressed));
      const held = presses % 2 === 1;
      expect(reactions()).toEqual(held ? [{ emoji: "👍", userIds: [ANNA.id] }] : []);
    }
  });

  it("W2 A6 D5 what an earlier one changes is no reason to think that there is nothing to do", async () => {
    const { world, id, client, content, reactions } = await withOwnMessage();
    const changes = [
      client.engine.edit(id, "other words"),
      client.engine.edit(id, "first words"),
      client.engine.react(id, "👍", true),
      client.engine.react(id, "👍", false),
    ];
    const results = await settled(world, Promise.all(changes));
    expect(results.every((result) => result.ok && result.id !== null)).toBe(true);
    expect([content(), reactions()]).toEqual(["first words", []]);
  });
});
