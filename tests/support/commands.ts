import { expect } from "vitest";
import type { Event } from "@/lib/protocol/event";
import type { AppError } from "@/lib/server/app-error";
import type { Claim } from "@/lib/server/claim";
import { readEvents } from "@/lib/server/queries/read-events";
import { fingerprint } from "@/tests/support/world";

/** Runs something that must be refused; answers the code after checking that no row changed. */
export async function refusalOf(
  action: () => Promise<unknown>,
): Promise<{ code: string; details: Record<string, unknown> }> {
  const before = await fingerprint();
  const error = await action().then(
    () => expect.unreachable("should have been refused"),
    (cause: AppError) => cause,
  );
  expect(await fingerprint()).toBe(before);
  expect(error.name).toBe("AppError");
  return { code: error.code, details: error.details };
}

/** The whole log as this person reads it. */
export async function allEvents(claim: Claim, consultationId: string): Promise<Event[]> {
  const events: Event[] = [];
  for (;;) {
    const page = await readEvents(claim, consultationId, { after: events.length, limit: 500 });
    if ("reset" in page) throw new Error("unexpected reset");
    events.push(...page.events);
    if (page.events.length === 0) return events;
  }
}

/** SEQ1: every number once, in order, and times that never run backwards. */
export function expectGapless(events: readonly Event[]): void {
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
  expect(events.map(({ at }) => at)).toEqual(events.map(({ at }) => at).sort());
}
