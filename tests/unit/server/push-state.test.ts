import { afterEach, expect, test, vi } from "vitest";
import { pushState, reportPublish } from "@/lib/server/relay/push-state";

afterEach(() => {
  vi.useRealTimers();
  reportPublish("succeeded");
});

test("CON2 a failure means delayed until something is published, or until others have done it for us", () => {
  vi.useFakeTimers();
  expect(pushState()).toBe("ok");
  reportPublish("failed");
  expect(pushState()).toBe("delayed");
  reportPublish("succeeded");
  expect(pushState()).toBe("ok");

  reportPublish("failed");
  vi.advanceTimersByTime(40_000);
  expect(pushState()).toBe("delayed");
  vi.advanceTimersByTime(30_000);
  expect(pushState()).toBe("ok");
});
