import fs from "node:fs";
import path from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import * as facilities from "@/lib/browser/facilities";
import { createBrowserQueue } from "@/lib/browser/queue/browser-queue";
import { unsentOnDevice, wipeQueue } from "@/lib/browser/queue/kept-on-device";
import { runExclusively } from "@/lib/browser/queue/locks";

const GLOBALS = ["indexedDB", "localStorage", "sessionStorage", "BroadcastChannel", "Notification", "AudioContext"];
const ANY = GLOBALS.join("|");
const NAMED = new RegExp(
  `(new|typeof) (${ANY})\\b|(?<![.'"\`\\w])((window|globalThis)\\.)?(${ANY})[.(;,)]|navigator\\??\\.locks|crypto\\??\\.(subtle|randomUUID)|document\\.cookie`,
);

const blocked = () => {
  throw new DOMException("Access is denied for this document.", "SecurityError");
};
const clock = { after: () => () => {} };

function block(): void {
  vi.stubGlobal("window", {});
  for (const name of [...GLOBALS, "navigator"]) {
    vi.stubGlobal(name, undefined);
    Object.defineProperty(globalThis, name, { get: blocked, configurable: true });
  }
  vi.stubGlobal("crypto", {
    getRandomValues: crypto.getRandomValues.bind(crypto),
    get subtle() {
      return blocked();
    },
  });
}

afterEach(() => {
  for (const name of [...GLOBALS, "navigator"])
    Object.defineProperty(globalThis, name, { value: undefined, configurable: true, writable: true });
  vi.unstubAllGlobals();
});

describe("F25 what a browser forbids", () => {
  it("F25 is not there, and nothing throws that asks for it", async () => {
    block();
    const { deviceStorage, tabStorage } = facilities;
    for (const storage of [deviceStorage, tabStorage]) {
      storage.setItem("key", "value");
      expect(storage.getItem("key")).toBeNull();
    }
    expect([facilities.hasIndexedDb(), facilities.hasLocks(), facilities.hasSubtleCrypto()]).toEqual([
      false,
      false,
      false,
    ]);
    expect([facilities.openChannel("x"), facilities.canOpenChannels()]).toEqual([null, false]);
    expect(await facilities.heldLocks()).toBeNull();
    await expect(facilities.requestLock("x", {}, () => undefined)).rejects.toThrow("denied");
    expect([facilities.notificationPermission(), facilities.maySound()]).toEqual(["unsupported", false]);
    expect(await facilities.requestNotificationPermission()).toBe("unsupported");
    expect(facilities.showNotification("x", {})).toBeNull();
    facilities.writeCookie("a=b");
  });

  it("F25 SND5 leaves a queue in memory that says that it is not durable", async () => {
    block();
    const queue = createBrowserQueue("somebody", clock);
    expect(queue.durable()).toBe(false);
    queue.drafts.set("room", "words");
    expect(queue.drafts.get("room")).toBe("words");
    await wipeQueue("somebody");
    expect(await unsentOnDevice()).toEqual([]);
  });

  it("F25 SND1 a browser that has locks and refuses every one of them sends all the same", async () => {
    const request = () => Promise.reject(new DOMException("Access is denied.", "SecurityError"));
    vi.stubGlobal("navigator", { locks: { request } });
    const run = vi.fn(async () => {});
    await runExclusively("x", run, new AbortController().signal);
    expect(run).toHaveBeenCalledOnce();
  });
});

it("F25 nothing else in the page names what a browser may forbid", () => {
  // Each of these is reached only where facilities.ts has found it.
  const behind = new Set(["lib/browser/facilities.ts", "lib/browser/queue/sealing.ts", "lib/browser/sound.ts"]);
  const files = [
    "app",
    "components",
    "hooks",
    "lib/browser",
    "lib/core",
    "lib/sync",
    "lib/pusher",
    "instrumentation-client.ts",
  ]
    .flatMap((place) =>
      fs.statSync(place).isFile()
        ? [place]
        : fs.readdirSync(place, { recursive: true, encoding: "utf8" }).map((name) => path.join(place, name)),
    )
    .filter((file) => /\.tsx?$/.test(file) && !behind.has(file));
  expect(files.length).toBeGreaterThan(200);
  const naming = files.filter((file) =>
    fs
      .readFileSync(file, "utf8")
      .split("\n")
      .some((line) => !/^\s*(\/\/|\/?\*)/.test(line) && NAMED.test(line)),
  );
  expect(naming).toEqual([]);
});
