import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { consultationChannel } from "@/lib/protocol/channels";
import { runtime, setRuntime } from "@/lib/runtime";
import { sendMessage } from "@/lib/server/commands/send-message";
import { db } from "@/lib/server/db";
import { startRelay } from "@/lib/server/relay/process-relay";
import { type Listener, listen, useTestChannels } from "@/tests/support/channels";
import { useTestRuntime } from "@/tests/support/database";
import { type HttpProxy, startHttpProxy } from "@/tests/support/faults/http-proxy";
import type { HttpRule } from "@/tests/support/faults/http-rules";
import { createWorld, messageOf } from "@/tests/support/world";

useTestRuntime();
useTestChannels();

const ROOMS = 50;
/** Seen before: 8 and 25 s. The aim is 2 s, which a call that is never answered takes most of. */
const NEVER_MS = 5_000;
const STAGES: readonly HttpRule["action"][] = [
  "cut",
  "cut-unread",
  "half-answer",
  "drop-answer",
  "hang",
  { status: 502 },
];

let proxy: HttpProxy;
const rooms: { world: Awaited<ReturnType<typeof createWorld>>; listener: Listener }[] = [];

beforeAll(async () => {
  proxy = await startHttpProxy({ port: runtime().channelsPort ?? 0 });
  setRuntime({ ...runtime(), pusher: { ...runtime().pusher, port: proxy.port } });
  for (let index = 0; index < ROOMS; index += 1) {
    const world = await createWorld();
    rooms.push({ world, listener: await listen(consultationChannel(world.consultationId)) });
  }
});
afterAll(async () => {
  for (const { listener } of rooms) listener.close();
  await proxy.close();
});

/** Says one thing after the other, each once the one before was heard; answers how long each was on its way. */
async function talk({ world, listener }: (typeof rooms)[number], goesOn: () => boolean): Promise<number[]> {
  const took: number[] = [];
  while (goesOn()) {
    const heard = listener.received.length;
    await sendMessage(world.patient, messageOf(world.consultationId, `message ${heard}`));
    const saved = performance.now();
    await listener.waitFor(heard + 1);
    took.push(performance.now() - saved);
  }
  return took;
}

describe("W10 one publishing call of fifty lively rooms fails", () => {
  it.each(STAGES)("W10 %j: every event is heard soon, and no room is left waiting", async (action) => {
    const relay = startRelay();
    onTestFinished(() => relay.stop());
    let failed = false;
    let talking = true;
    const talks = rooms.map((room) => talk(room, () => talking));
    await rooms[0]?.listener.waitFor((rooms[0]?.listener.received.length ?? 0) + 5);
    const remove = proxy.rule({
      action,
      times: 1,
      match({ method, path }) {
        const isPublishing = method === "POST" && path.endsWith("/batch_events");
        failed ||= isPublishing;
        return isPublishing;
      },
    });
    await expect.poll(() => failed).toBe(true);
    const after = rooms.map(({ listener }) => listener.received.length);
    // All have spoken and heard several times since.
    await Promise.all(rooms.map(({ listener }, index) => listener.waitFor((after[index] ?? 0) + 10)));
    talking = false;
    const took = (await Promise.all(talks)).flat().sort((a, b) => a - b);
    remove();
    const longest = took.at(-1) ?? 0;
    console.info(`W10 ${JSON.stringify(action)}: ${took.length} events, longest ${Math.round(longest)} ms`);
    expect(longest).toBeLessThan(NEVER_MS);
    await expect
      .poll(() => db().publicationCursor.count({ where: { sink: "pusher", dirty: true } }), { timeout: NEVER_MS })
      .toBe(0);
    for (const { listener } of rooms) {
      const seqs = listener.received.map(({ data }) => (data as { seq: number }).seq);
      expect([...new Set(seqs)]).toEqual([...new Set(seqs)].sort((a, b) => a - b));
    }
  });
});
