import { v7 as uuidV7 } from "uuid";
import { afterEach, expect, it, vi } from "vitest";
import type { Event } from "@/lib/protocol/event";
import { sendMessage } from "@/lib/server/commands/send-message";
import { readEvents } from "@/lib/server/queries/read-events";
import { readSnapshot } from "@/lib/server/queries/read-snapshot";
import { useTestRuntime } from "@/tests/support/database";
import { createWorld, messageOf, type Person } from "@/tests/support/world";

useTestRuntime();

afterEach(() => {
  vi.useRealTimers();
});

async function eventsOf(person: Person, consultationId: string): Promise<readonly Event[]> {
  const page = await readEvents(person, consultationId, { after: 0, limit: 500 });
  return "reset" in page ? expect.unreachable() : page.events;
}

const messageIds = (events: readonly Event[]) =>
  events.flatMap((event) => (event.type === "new-message" ? [event.data.message.id] : []));

it("F19 SEQ1 two devices of one person and another one send at once: one order for all, each device's own kept", async () => {
  const { patient, practitioner, consultationId } = await createWorld();
  const devices = [patient, patient, practitioner].map(async (person) => {
    const ids = Array.from({ length: 100 }, () => uuidV7());
    for (const id of ids) await sendMessage(person, messageOf(consultationId, "x", id));
    return ids;
  });
  await Promise.allSettled(devices);
  const sent = await Promise.all(devices);
  const events = await eventsOf(patient, consultationId);
  expect(events.map(({ seq }) => seq)).toEqual(Array.from({ length: 300 }, (_, index) => index + 1));
  expect(await eventsOf(practitioner, consultationId)).toEqual(events);
  for (const ids of sent) expect(messageIds(events).filter((id) => ids.includes(id))).toEqual(ids);
});

it("F20 SEQ2 clocks of devices and servers that are days and seconds off change neither order nor times", async () => {
  const { patient, practitioner, consultationId } = await createWorld();
  const began = Date.now();
  const ids: string[] = [];
  vi.useFakeTimers({ toFake: ["Date"] });
  for (const offMs of [0, 86_400_000, -86_400_000, 5_000, -5_000, 0]) {
    vi.setSystemTime(began + offMs);
    const id = uuidV7();
    ids.push(id);
    await sendMessage(ids.length % 2 ? patient : practitioner, messageOf(consultationId, "x", id));
  }
  vi.useRealTimers();
  const { messages } = await readSnapshot(patient, consultationId);
  expect(messages.map(({ id }) => id)).toEqual(ids);
  const times = messages.map(({ createdAt }) => Date.parse(createdAt));
  expect(times).toEqual([...times].sort((a, b) => a - b));
  expect(Math.min(...times)).toBeGreaterThanOrEqual(began - 1);
  expect(Math.max(...times)).toBeLessThanOrEqual(Date.now() + 1);
});
