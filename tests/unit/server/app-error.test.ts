import { expect, it, vi } from "vitest";
import { toAppError } from "@/lib/server/http/error-response";

it("S3 a refusal that another copy of the module throws is the same refusal", async () => {
  vi.resetModules();
  const { AppError } = await import("@/lib/server/app-error");
  const foreign = new AppError("rate-limited", { retryAfterSeconds: 7 });
  expect(toAppError(foreign)).toBe(foreign);
  for (const other of [new Error("rate-limited"), { code: "rate-limited" }, "rate-limited", null]) {
    expect(toAppError(other).code).toBe("internal-error");
  }
});
