import { expect, test } from "vitest";
import { LeaveDelay } from "@/lib/embedded/channels/leave-delay";

test("E6 whoever returns in time has never left, also when the time is over", async () => {
  const leaves = new LeaveDelay(5);
  const told: string[] = [];
  leaves.left("ada", () => told.push("ada"));
  expect(leaves.returned("ada")).toBe(true);
  expect(leaves.returned("ada")).toBe(false);
  await new Promise<void>((resolve) => {
    leaves.left("ben", () => {
      told.push("ben");
      resolve();
    });
  });
  expect(told).toEqual(["ben"]);
  expect(leaves.returned("ben")).toBe(false);
});
