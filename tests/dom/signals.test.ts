import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { browserSignals } from "@/lib/browser/signals";
import type { Signal } from "@/lib/sync/ports";

let heard: Signal[];
let stop: () => void;
beforeEach(() => {
  vi.useFakeTimers();
  heard = [];
  stop = browserSignals.onChange((signal) => heard.push(signal));
});
afterEach(() => {
  stop();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

it("RCV2 F8 the sleep of the machine, which is no event, is told as coming back; time that merely passes is not", () => {
  vi.advanceTimersByTime(60_000);
  expect(heard).toEqual([]);
  vi.setSystemTime(Date.now() + 8 * 3_600_000);
  vi.advanceTimersByTime(5_000);
  expect(heard).toEqual(["visible"]);
  vi.advanceTimersByTime(60_000);
  expect(heard).toEqual(["visible"]);
});

it("RCV2 F8 a page that thaws or comes out of the back-forward cache comes back; a first showing does not", () => {
  document.dispatchEvent(new Event("resume"));
  expect(heard).toEqual(["visible"]);
  window.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: false }));
  expect(heard).toEqual(["visible"]);
  window.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: true }));
  expect(heard).toEqual(["visible", "visible"]);
});

it("C1 RCV2 all listeners hear of it, each once, and nobody after leaving", () => {
  const second: Signal[] = [];
  const leave = browserSignals.onChange((signal) => second.push(signal));
  window.dispatchEvent(new Event("offline"));
  leave();
  window.dispatchEvent(new Event("online"));
  expect(heard).toEqual(["offline", "online"]);
  expect(second).toEqual(["offline"]);
});
