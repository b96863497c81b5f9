import { describe, expect, it } from "vitest";
import { FallbackQueue, type FallibleQueue } from "@/lib/sync/fallback-queue";
import type { NewCommand } from "@/lib/sync/ports";
import { MemoryQueue } from "@/tests/support/sim/memory-queue";
import { VirtualClock } from "@/tests/support/sim/virtual-clock";

type Fate = "works" | "refuses" | "hangs";
const ROOM = "room";

/** A disk whose every kind of call can be told to fail. */
function fallible() {
  const clock = new VirtualClock();
  const disk = new MemoryQueue().tab();
  const fates: Partial<Record<keyof FallibleQueue, Fate>> = {};
  const durability: boolean[] = [];
  const hanging: (() => void)[] = [];
  const through =
    <Given extends unknown[], T>(name: keyof FallibleQueue, call: (...given: Given) => Promise<T>) =>
    (...given: Given): Promise<T> => {
      if (fates[name] === "hangs") {
        return new Promise((resolve) => hanging.push(() => resolve(call(...given))));
      }
      return fates[name] === "refuses" ? Promise.reject(new Error("refused")) : call(...given);
    };
  const queue = new FallbackQueue({
    disk: {
      list: through("list", disk.list),
      consultationIds: through("consultationIds", disk.consultationIds),
      add: through("add", disk.add),
      park: through("park", disk.park),
      remove: through("remove", disk.remove),
    },
    clock,
    onDurable: () => durability.push(queue.durable()),
  });
  const add = (id: string, consultationId = ROOM) =>
    queue.add({ kind: "send", id, consultationId, content: id, replyToId: null, queuedAt: null, parked: null });
  const ids = async (consultationId = ROOM) => (await queue.list(consultationId)).map(({ id }) => id);
  /** Whatever hung is done now, and nothing hangs any more. */
  const wake = async () => {
    for (const name of Object.keys(fates) as (keyof FallibleQueue)[]) fates[name] = "works";
    for (const answer of hanging.splice(0)) answer();
    await clock.advance(0);
  };
  return { clock, disk, fates, queue, add, ids, durability, wake };
}

describe("F25 a storage that refuses", () => {
  it("F25 SND1 keeps in memory what it did not take, in order, and says that it is not durable meanwhile", async () => {
    const { disk, fates, queue, add, ids, durability } = fallible();
    await add("on disk");
    fates.add = "refuses";
    await add("refused");
    fates.add = "works";
    // The disk would take it, but another tab would then send it before the one that only this tab knows.
    await add("behind it");
    await add("elsewhere", "other room");
    expect(await ids()).toEqual(["on disk", "refused", "behind it"]);
    expect((await disk.list(ROOM)).map(({ id }) => id)).toEqual(["on disk"]);
    expect(await disk.list("other room")).toHaveLength(1);
    expect(queue.durable()).toBe(false);
    await queue.remove("refused");
    await queue.remove("behind it");
    expect([queue.durable(), durability.at(-1)]).toEqual([true, true]);
    await add("kept again");
    expect((await disk.list(ROOM)).map(({ id }) => id)).toEqual(["on disk", "kept again"]);
  });

  it("F25 fifty at once keep their order, whichever of them it refuses", async () => {
    const { fates, add, ids } = fallible();
    const names = Array.from({ length: 50 }, (_, index) => `${index}`);
    await Promise.all(
      names.map((name) => {
        const added = add(name);
        fates.add = name === "20" ? "refuses" : fates.add;
        return added;
      }),
    );
    expect(await ids()).toEqual(names);
  });

  it("F25 SND1 a list that it does not give is the last known one: nothing vanishes from the screen", async () => {
    const { fates, queue, add, ids } = fallible();
    await add("one");
    await add("two");
    expect(await ids()).toEqual(["one", "two"]);
    fates.list = "refuses";
    fates.consultationIds = "refuses";
    await queue.remove("one");
    expect([await ids(), queue.durable()]).toEqual([["two"], false]);
    expect(await queue.consultationIds()).toEqual([ROOM]);
    fates.list = "works";
    expect([await ids(), queue.durable()]).toEqual([["two"], true]);
  });

  it("F25 SND3 what it did not remove or park is laid over what it lists, and owed until it takes it", async () => {
    const { disk, fates, queue, add } = fallible();
    await add("sent");
    await add("refused");
    fates.remove = "refuses";
    fates.park = "refuses";
    await queue.remove("sent");
    await queue.park("refused", "not-allowed");
    const parked = async () => (await queue.list(ROOM)).map(({ id, parked: reason }) => [id, reason]);
    expect(await parked()).toEqual([["refused", "not-allowed"]]);
    expect(await disk.list(ROOM)).toHaveLength(2);
    fates.remove = "works";
    fates.park = "works";
    expect(await parked()).toEqual([["refused", "not-allowed"]]);
    expect((await disk.list(ROOM)).map(({ id, parked: reason }) => [id, reason])).toEqual([["refused", "not-allowed"]]);
  });

  it("F25 SND1 A6 D5 commands of every kind keep all that they say, wherever they are kept", async () => {
    const base = { consultationId: ROOM, queuedAt: null, parked: null };
    const commands: NewCommand[] = [
      { ...base, kind: "send", id: "s", content: "words", replyToId: "quoted" },
      { ...base, kind: "edit", id: "e", messageId: "m", content: "better words" },
      { ...base, kind: "delete", id: "d", messageId: "m" },
      { ...base, kind: "react", id: "r", messageId: "m", emoji: "👍", on: false },
    ];
    for (const fate of ["works", "refuses"] as const) {
      const { fates, queue } = fallible();
      fates.add = fate;
      for (const command of commands) await queue.add(command);
      expect(await queue.list(ROOM)).toMatchObject(commands);
      await queue.park("e", "edit-window-closed");
      expect((await queue.list(ROOM))[1]).toMatchObject({ ...commands[1], parked: "edit-window-closed" });
      expect(queue.durable()).toBe(fate === "works");
    }
  });

  it("F25 one that hangs is waited for once, and then not asked again", async () => {
    const { clock, fates, queue, add, ids } = fallible();
    fates.add = "hangs";
    const added = add("one");
    await clock.advance(2_900);
    expect(queue.durable()).toBe(true);
    await clock.advance(200);
    await added;
    await add("two");
    expect([await ids(), queue.durable(), clock.pending]).toEqual([["one", "two"], false, 0]);
  });

  it("F25 SND1 SND2 one that hung for a while is given what came meanwhile, once and in order", async () => {
    const { clock, disk, fates, queue, add, ids, durability, wake } = fallible();
    await add("before");
    fates.add = "hangs";
    const hung = add("hung");
    await clock.advance(3_100);
    await hung;
    await add("after");
    await add("elsewhere", "other room");
    expect([await ids(), queue.durable()]).toEqual([["before", "hung", "after"], false]);
    await wake();
    expect([await ids(), queue.durable(), durability.at(-1)]).toEqual([["before", "hung", "after"], true, true]);
    expect((await disk.list(ROOM)).map(({ id }) => id)).toEqual(["before", "hung", "after"]);
    expect(await disk.list("other room")).toHaveLength(1);
    await add("later");
    expect((await disk.list(ROOM)).map(({ id }) => id)).toEqual(["before", "hung", "after", "later"]);
  });

  it("F25 SND3 SND4 what was sent or refused while the storage hung is so when it answers", async () => {
    const { clock, disk, fates, queue, add, wake } = fallible();
    fates.add = "hangs";
    const hung = [add("sent"), add("refused")];
    await clock.advance(3_100);
    await Promise.all(hung);
    await queue.remove("sent");
    await queue.park("refused", "not-allowed");
    await wake();
    const parked = (await queue.list(ROOM)).map(({ id, parked: reason }) => [id, reason]);
    expect(parked).toEqual([["refused", "not-allowed"]]);
    expect((await disk.list(ROOM)).map(({ id, parked: reason }) => [id, reason])).toEqual(parked);
  });

  it("F25 SND1 a list that comes late is asked for again: words of before the reload are not hidden for good", async () => {
    const { clock, disk, fates, queue, ids, durability, wake } = fallible();
    const words = { content: "kept", replyToId: null };
    await disk.add({ kind: "send", id: "kept", consultationId: ROOM, ...words, queuedAt: null, parked: null });
    fates.list = "hangs";
    const listed = ids();
    await clock.advance(3_100);
    expect([await listed, queue.durable()]).toEqual([[], false]);
    durability.length = 0;
    await wake();
    expect(durability).toHaveLength(1);
    expect([await ids(), queue.durable()]).toEqual([["kept"], true]);
  });

  it("SND5 F26 wiped: what was only in memory is gone as well", async () => {
    const { disk, fates, queue, add, ids } = fallible();
    fates.add = "refuses";
    await add("secret");
    fates.list = "refuses";
    queue.forget();
    expect(await ids()).toEqual([]);
    expect(await disk.consultationIds()).toEqual([]);
  });
});
