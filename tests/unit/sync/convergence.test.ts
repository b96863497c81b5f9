import { describe, expect, it } from "vitest";
import { messagesOf, normalFormOfItems, participantsOf } from "@/tests/support/sim/normal-form";
import { ANNA, WEBER } from "@/tests/support/sim/server-model";
import { NO_FAULTS } from "@/tests/support/sim/sim-network";
import { type SimClient, World } from "@/tests/support/sim/world";

const SEEDS = 100;
const STEPS = 60;
const FAULTS = {
  lostRequest: 0.08,
  lostAnswer: 0.08,
  unavailable: 0.08,
  pushDropped: 0.15,
  pushDoubled: 0.15,
  pushDelayed: 0.3,
  authFailed: 0.3,
};

/** Long enough for the slowest repair: a timed-out call, the longest backoff, a head check. */
const HEALING_MS = 150_000;

async function step(world: World, clients: readonly SimClient[], log: string[], sent: string[]): Promise<void> {
  const { random, server, clock } = world;
  const client = random.pick(clients);
  if (!client) return;
  const own = [...server.messages.values()].filter(
    ({ sender, kind, deletedAt }) => kind === "text" && sender?.id === client.viewer.id && deletedAt === null,
  );
  const target = random.pick(own)?.id;
  const draw = random.below(100);
  const note = (text: string) => log.push(`${clock.now} ${client.viewer.name} ${text}`);
  if (draw < 40) {
    note("sends");
    sent.push(await client.send(`${client.viewer.name} ${sent.length}`));
  } else if (draw < 46 && target) {
    note(`edits ${target}`);
    server.edit(client.viewer, target, `edited ${clock.now}`);
  } else if (draw < 50 && target) {
    note(`deletes ${target}`);
    server.delete(client.viewer, target);
  } else if (draw < 58 && target) {
    const type = random.chance(0.6) ? "reaction-added" : "reaction-removed";
    note(`${type} ${target}`);
    server.react(client.viewer, target, random.pick(["👍", "❤️"]) ?? "👍", type);
  } else if (draw < 66) {
    note("loses its connection");
    client.transport.disconnect(random.chance(0.8) ? "lost" : "refused");
  } else if (draw < 72) {
    const signal = client.signals.online() ? "offline" : "online";
    note(signal);
    client.signals.set(signal);
  } else if (draw < 78) {
    const signal = client.signals.visible() ? "hidden" : "visible";
    note(signal);
    client.signals.set(signal);
  } else if (draw < 84) {
    note("reads all");
    client.engine.markRead(Number.MAX_SAFE_INTEGER);
  } else if (draw < 90) {
    note("loads older");
    void client.engine.loadOlder();
  } else if (draw < 93) {
    server.push = server.push === "ok" ? "delayed" : "ok";
    note(`push ${server.push}`);
  }
  await clock.advance(random.below(1_500));
}

async function run(seed: number): Promise<void> {
  const world = new World(seed);
  const { random, server, clock } = world;
  const log: string[] = [];
  const sent: string[] = [];
  for (let i = 0; i < 120; i += 1) world.say(i % 2 === 0 ? ANNA : WEBER, `history ${i}`);
  const clients = [ANNA, WEBER].map((viewer) => world.client(viewer));
  for (const client of clients) {
    client.setFaults(FAULTS);
    client.api.latencyMs = () => 5 + random.below(random.chance(0.1) ? 3_000 : 60);
    client.start();
  }
  try {
    for (let i = 0; i < STEPS; i += 1) await step(world, clients, log, sent);
    server.push = "ok";
    for (const client of clients) {
      client.setFaults(NO_FAULTS);
      client.signals.set("online");
      client.signals.set("visible");
    }
    await clock.advance(HEALING_MS);
    const fresh = server.readSnapshot(Number.MAX_SAFE_INTEGER);
    for (const { view, untruths, viewer } of clients) {
      const oldest = view.items[0]?.message?.seq ?? 0;
      expect(normalFormOfItems(view.items, oldest), viewer.name).toEqual(messagesOf(fresh.messages, oldest));
      expect(participantsOf(view.participants)).toEqual(participantsOf(fresh.participants));
      expect(view.items.filter(({ pending }) => pending !== null)).toEqual([]);
      expect({ status: view.status, failure: view.failure, signedOut: view.signedOut, untruths }).toEqual({
        status: "live",
        failure: null,
        signedOut: false,
        untruths: [],
      });
    }
    expect(new Set(sent)).toEqual(new Set(sent.filter((id) => server.messages.has(id))));
    expectOwnOrder(world, sent);
    for (const client of clients) client.stop();
    expect(
      clients.map(({ transport, signals }) => [
        transport.channels.size,
        transport.listenerCount,
        signals.listenerCount,
      ]),
    ).toEqual(clients.map(() => [0, 0, 0]));
  } catch (error) {
    throw new Error(`seed ${seed}\n${log.join("\n")}\n${error instanceof Error ? error.message : error}`);
  }
}

/** Each sender's messages stand in the order in which they were written. */
function expectOwnOrder({ server }: World, sent: readonly string[]): void {
  for (const viewer of [ANNA, WEBER]) {
    const written = sent.filter((id) => server.message(id).sender?.id === viewer.id);
    const standing = [...written].sort((a, b) => server.message(a).seq - server.message(b).seq);
    expect(standing).toEqual(written);
  }
}

describe("convergence by seed", () => {
  const only = process.env.SIM_SEED;
  const seeds = only ? [Number(only)] : Array.from({ length: SEEDS }, (_, index) => index + 1);
  it(`UI2 RCV1 RCV2 RCV3 SND3 ID1 two clients equal the server after faults, ${seeds.length} seeds`, {
    timeout: 60_000,
  }, async () => {
    for (const seed of seeds) await run(seed);
  });

  it("UI2 a seed decides everything: the same one gives the same history", async () => {
    const histories = await Promise.all(
      [7, 7].map(async (seed) => {
        const world = new World(seed);
        const client = await world.liveClient(ANNA);
        client.setFaults(FAULTS);
        for (let i = 0; i < 20; i += 1) await step(world, [client], [], []);
        return JSON.stringify([client.api.calls, client.view, world.server.log]);
      }),
    );
    expect(histories[0]).toContain("sendMessage");
    expect(histories[0]).toBe(histories[1]);
  });
});
