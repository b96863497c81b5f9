import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { awaitedParts, LaterPart } from "@/lib/browser/later-part";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("a part that comes later", () => {
  it("W6 is asked for until it is here, and once only", async () => {
    const load = vi
      .fn(async () => "part")
      .mockRejectedValueOnce(new Error("lost"))
      .mockRejectedValueOnce(new Error("lost"));
    const part = new LaterPart(load);
    const changed = vi.fn();
    part.subscribe(changed);
    part.fetch();
    part.fetch();
    await vi.advanceTimersByTimeAsync(0);
    expect([load.mock.calls.length, part.getSnapshot()]).toEqual([1, null]);
    const here = part.whenHere();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await here).toBe("part");
    part.fetch();
    expect([load.mock.calls.length, part.getSnapshot(), changed.mock.calls.length]).toEqual([3, "part", 1]);
  });

  it("W6 whoever waits for it is told where that lasts, and no longer than they wait", async () => {
    const part = new LaterPart(() => new Promise<string>(() => {}));
    const stop = part.await();
    await vi.advanceTimersByTimeAsync(1_900);
    expect(awaitedParts.getSnapshot()).toBe(false);
    await vi.advanceTimersByTimeAsync(200);
    expect(awaitedParts.getSnapshot()).toBe(true);
    stop();
    expect(awaitedParts.getSnapshot()).toBe(false);
    part.await()();
    await vi.advanceTimersByTimeAsync(3_000);
    expect(awaitedParts.getSnapshot()).toBe(false);
  });

  it("W6 one that came with the page is not asked for", async () => {
    const load = vi.fn(async () => "asked for");
    const part = new LaterPart(load);
    part.give("given");
    part.fetch();
    expect([await part.whenHere(), load.mock.calls.length]).toEqual(["given", 0]);
  });
});
