import { expect, test } from "vitest";
import { RateWindow } from "@/lib/embedded/channels/rate-window";

test("ATK14 ten in any second: the eleventh is free when the first is a second old, rejected ones do not count", () => {
  const window = new RateWindow(10);
  for (let index = 0; index < 10; index += 1) expect(window.accept(index)).toBe(true);
  expect(window.accept(500)).toBe(false);
  expect(window.accept(999)).toBe(false);
  expect(window.accept(1_000)).toBe(true);
  expect(window.accept(1_000)).toBe(false);
  expect(window.accept(1_001)).toBe(true);
});
