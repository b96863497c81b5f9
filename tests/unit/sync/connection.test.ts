import { describe, expect, it } from "vitest";
import { ConsultationList } from "@/lib/sync/consultation-list";
import { SocketStatus } from "@/lib/sync/socket-status";
import { ANNA, refused, WEBER } from "@/tests/support/sim/server-model";
import { NO_FAULTS } from "@/tests/support/sim/sim-network";
import { type SimClient, World } from "@/tests/support/sim/world";

/** Times between the calls made from now on. */
async function gapsWhile(client: SimClient, ms: number): Promise<number[]> {
  const before = client.api.calls.length;
  await client.world.clock.advance(ms);
  const times = client.api.calls.slice(before).map(({ at }) => at);
  return times.slice(1).map((at, index) => at - (times[index] ?? 0));
}

describe("CON1 public status", () => {
  it("CON1 connecting until socket and channel are there and the server said that its pushes go out, then live", async () => {
    const world = new World();
    const client = world.client(ANNA).start();
    expect(client.view.status).toBe("connecting");
    await world.clock.advance(35);
    expect([client.transport.state(), client.view.status]).toEqual(["connected", "connecting"]);
    await world.clock.advance(15);
    expect([client.transport.channels.size, client.view.status]).toEqual([1, "connecting"]);
    await world.clock.advance(20);
    expect(client.view.status).toBe("live");
  });

  it("CON1 a subscription is not live while the server does not answer, nor by what it said before the outage", async () => {
    const world = new World();
    const client = await world.liveClient(ANNA);
    const seen = new Set<string>();
    client.engine.subscribe(() => seen.add(client.view.status));
    client.transport.disconnect();
    world.server.push = "delayed";
    client.api.script("readEvents", ...Array.from({ length: 4 }, () => refused("unavailable")));
    await world.clock.advance(10_000);
    expect(client.view.status).toBe("polling");
    expect([...seen]).not.toContain("live");
    world.server.push = "ok";
    await world.clock.advance(4_000);
    expect(client.view.status).toBe("live");
    client.signals.set("offline");
    seen.clear();
    client.api.latencyMs = () => 400;
    client.signals.set("online");
    await world.clock.advance(700);
    expect([...seen]).toEqual(["connecting"]);
    await world.clock.advance(200);
    expect(client.view.status).toBe("live");
    client.stop();
  });

  it("CON1 a hiccup is connecting, 3 s of it polling, no network offline", async () => {
    const world = new World();
    const client = await world.liveClient(ANNA);
    client.transport.reachable = false;
    client.transport.disconnect();
    expect(client.view.status).toBe("connecting");
    await world.clock.advance(2_999);
    expect(client.view.status).toBe("connecting");
    await world.clock.advance(1);
    expect(client.view.status).toBe("polling");
    client.signals.set("offline");
    expect(client.view.status).toBe("offline");
    client.signals.set("online");
    expect(client.view.status).toBe("polling");
    client.transport.reachable = true;
    await world.clock.advance(5_000);
    expect(client.view.status).toBe("live");
  });

  it("CON1 the tab's own status needs no channel", async () => {
    const world = new World();
    const client = world.client(ANNA).start();
    const socket = new SocketStatus(client.ports);
    socket.start();
    await world.clock.advance(35);
    expect(socket.getSnapshot().status).toBe("live");
    client.transport.reachable = false;
    client.transport.disconnect();
    await world.clock.advance(3_000);
    expect(socket.getSnapshot().status).toBe("polling");
    socket.stop();
    client.stop();
    expect(client.transport.listenerCount).toBe(0);
  });
});

describe("CON2 polling", () => {
  it("CON2 every 3 s with jitter, 15 s while hidden, not at all offline; live again it stops after one fetch", async () => {
    const world = new World();
    const client = await world.liveClient(ANNA);
    client.transport.reachable = false;
    client.transport.disconnect();
    await world.clock.advance(3_000);
    const visible = await gapsWhile(client, 60_000);
    expect(Math.min(...visible)).toBeGreaterThanOrEqual(2_400);
    expect(Math.max(...visible)).toBeLessThanOrEqual(3_650);
    expect(new Set(visible).size).toBeGreaterThan(5);
    client.signals.set("hidden");
    const hidden = await gapsWhile(client, 120_000);
    expect(Math.min(...hidden)).toBeGreaterThanOrEqual(12_000);
    expect(Math.max(...hidden)).toBeLessThanOrEqual(18_050);
    client.signals.set("offline");
    expect(await gapsWhile(client, 60_000)).toEqual([]);
    client.signals.set("online");
    client.transport.reachable = true;
    await world.clock.advance(5_000);
    expect(client.view.status).toBe("live");
    const calls = client.api.calls.length;
    await world.clock.advance(60_000);
    expect(client.api.calls.length).toBe(calls);
  });

  it("CON2 F1 without a socket everything still arrives, within 6 s", async () => {
    const world = new World();
    const [anna, weber] = [await world.liveClient(ANNA), await world.liveClient(WEBER)];
    for (const client of [anna, weber]) {
      client.transport.reachable = false;
      client.transport.disconnect();
    }
    await world.clock.advance(3_000);
    await anna.send("hello");
    await world.clock.advance(6_000);
    expect(weber.texts).toEqual(["hello"]);
  });

  it("CON2 the server's 'delayed' means polling although the socket is up; 'ok' ends it with one fetch", async () => {
    const world = new World();
    const client = await world.liveClient(ANNA);
    world.server.push = "delayed";
    client.transport.faults = { ...NO_FAULTS, pushDropped: 1 };
    client.signals.set("visible");
    await world.clock.advance(100);
    expect([client.view.status, client.view.push]).toEqual(["polling", "delayed"]);
    world.say(WEBER, "not pushed");
    await world.clock.advance(4_000);
    expect(client.texts).toEqual(["not pushed"]);
    world.server.push = "ok";
    await world.clock.advance(4_000);
    expect([client.view.status, client.view.push]).toEqual(["live", "ok"]);
    const calls = client.api.calls.length;
    await world.clock.advance(15_000);
    expect(client.api.calls.length).toBe(calls);
  });
});

describe("CON2 delayed pushes", () => {
  async function delayedClient() {
    const world = new World();
    const client = await world.liveClient(ANNA);
    world.server.push = "delayed";
    client.signals.set("visible");
    await world.clock.advance(30);
    expect(client.view.status).toBe("polling");
    return { world, client };
  }

  it("CON2 who was just told 'delayed' asks after about 0.5, 1, 2 and then every 3 s", async () => {
    const { client } = await delayedClient();
    const [began, before] = [client.world.clock.now, client.api.calls.length];
    await client.world.clock.advance(20_000);
    const times = client.api.calls.slice(before).map(({ at }) => at - began);
    const gaps = [times[0] ?? 0, ...times.slice(1).map((at, index) => at - (times[index] ?? 0))];
    for (const [index, about] of [500, 1_000, 2_000, 3_000, 3_000].entries()) {
      expect(gaps[index]).toBeGreaterThan(about * 0.75);
      expect(gaps[index]).toBeLessThan(about * 1.25);
    }
    client.stop();
  });

  it("CON2 F1 after an outage of the provider back to live within 2 s of its end", async () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const world = new World(seed);
      const client = await world.liveClient(ANNA);
      client.transport.reachable = false;
      client.transport.disconnect();
      world.server.push = "delayed";
      await world.clock.advance(30_000);
      client.transport.reachable = true;
      world.clock.after(1_000, () => {
        world.server.push = "ok";
      });
      await world.clock.advance(2_600);
      expect(client.view.status, `seed ${seed}`).toBe("live");
      client.stop();
    }
  });

  it("CON2 a push while they are delayed is a reason to ask at once, once between two polls, and no proof", async () => {
    const { world, client } = await delayedClient();
    await world.clock.advance(20_000);
    const before = client.api.calls.length;
    for (let i = 0; i < 20; i += 1) {
      world.say(WEBER, `${i}`);
      await world.clock.advance(100);
    }
    expect(client.view.status).toBe("polling");
    expect(client.api.calls.length - before).toBeLessThanOrEqual(3);
    await world.clock.advance(8_000);
    world.server.push = "ok";
    world.say(WEBER, "revived");
    await world.clock.advance(400);
    expect(client.view.status).toBe("live");
    client.stop();
  });
});

describe("CON3 what pusher-js gives up on", () => {
  it("CON3 F9 a failed authorisation is asked for again, steadily at first, with jitter, and polling covers the time", async () => {
    const world = new World();
    const client = world.client(ANNA);
    client.transport.refuseWith = 503;
    client.start();
    await world.clock.advance(4_000);
    expect(client.transport.authorisations).toBeGreaterThanOrEqual(3);
    expect(client.transport.authorisations).toBeLessThanOrEqual(9);
    await world.clock.advance(296_000);
    expect(client.view.status).toBe("polling");
    const asked = client.transport.authorisations;
    await world.clock.advance(100_000);
    expect(client.transport.authorisations - asked).toBeLessThan(60);
    client.transport.refuseWith = null;
    await world.clock.advance(5_200);
    expect(client.view.status).toBe("live");
    client.stop();
  });

  it("CON3 F9 back to live within 2 s of the last failed authorisation of a short outage", async () => {
    const world = new World();
    const client = world.client(ANNA);
    client.transport.refuseWith = 500;
    client.start();
    await world.clock.advance(10_000);
    client.transport.refuseWith = null;
    await world.clock.advance(2_000);
    expect(client.view.status).toBe("live");
    client.stop();
  });

  it.each([401, 403])("CON3 F29 a %i is asked about rarely, and soon once somebody comes back", async (status) => {
    const world = new World();
    const client = world.client(ANNA);
    client.transport.refuseWith = status;
    client.start();
    await world.clock.advance(600_000);
    expect(client.transport.authorisations).toBeLessThan(20);
    client.transport.refuseWith = null;
    client.signals.set("visible");
    await world.clock.advance(600);
    expect(client.view.status).toBe("live");
    client.stop();
  });

  it("CON3 too many authorisations are asked for ever more rarely, because repeats count as well", async () => {
    const world = new World();
    const client = world.client(ANNA);
    client.transport.refuseWith = 429;
    client.start();
    await world.clock.advance(60_000);
    expect(client.transport.authorisations).toBeLessThan(10);
    client.stop();
  });

  it("CON3 an authorisation that hangs is asked for again", async () => {
    const world = new World();
    const client = world.client(ANNA);
    let retries = 0;
    const { subscribe } = client.transport;
    client.transport.subscribe = (name, handlers) => {
      const subscription = subscribe.call(client.transport, name, {
        ...handlers,
        onSubscribed: (members) => retries > 0 && handlers.onSubscribed(members),
      });
      return {
        ...subscription,
        retry() {
          retries += 1;
          handlers.onSubscribed(null);
        },
      };
    };
    client.start();
    await world.clock.advance(5_000);
    expect([client.view.status, retries]).toEqual(["polling", 0]);
    await world.clock.advance(2_000);
    expect([client.view.status, retries]).toEqual(["live", 1]);
  });

  it("CON3 F10 a refusal by the server leads to polling and a slow own reconnect", async () => {
    const world = new World();
    const client = await world.liveClient(ANNA);
    const connects = client.transport.connects;
    client.transport.disconnect("refused");
    await world.clock.advance(14_900);
    expect([client.view.status, client.transport.connects]).toEqual(["polling", connects]);
    await world.clock.advance(15_200);
    expect([client.view.status, client.transport.connects]).toEqual(["live", connects + 1]);
  });
});

describe("CON4 reconnects", () => {
  it("CON4 F11 two hundred clients that lost the same server come back spread out, all within seconds", async () => {
    const world = new World();
    const clients = await Promise.all(Array.from({ length: 200 }, () => world.liveClient(ANNA)));
    const began = world.clock.now;
    const times: number[] = [];
    for (const { transport } of clients) {
      transport.onState((state) => state === "connecting" && times.push(world.clock.now - began));
      transport.disconnect();
    }
    await world.clock.advance(6_000);
    expect(clients.every(({ view }) => view.status === "live")).toBe(true);
    const busiest = Math.max(
      ...Array.from({ length: 60 }, (_, i) => times.filter((at) => Math.floor(at / 100) === i).length),
    );
    expect(times).toHaveLength(200);
    expect(busiest).toBeLessThan(80);
    for (const client of clients) client.stop();
  });

  it("CON4 dialled again within 1.5 s while somebody looks, later every 5 s, seldom while hidden or offline", async () => {
    const world = new World();
    const client = await world.liveClient(ANNA);
    client.transport.reachable = false;
    const dialsWhile = async (ms: number) => {
      const before = client.transport.connects;
      await world.clock.advance(ms);
      return client.transport.connects - before;
    };
    client.transport.disconnect();
    expect(await dialsWhile(1_500)).toBeGreaterThanOrEqual(1);
    expect(await dialsWhile(60_000)).toBeGreaterThan(38);
    await world.clock.advance(15 * 60_000);
    expect(await dialsWhile(60_000)).toBeLessThan(30);
    client.signals.set("hidden");
    await world.clock.advance(10_000);
    expect(await dialsWhile(60_000)).toBeLessThanOrEqual(6);
    client.signals.set("visible");
    expect(await dialsWhile(10_000)).toBeGreaterThan(5);
    client.signals.set("offline");
    await world.clock.advance(2_000);
    expect(await dialsWhile(60_000)).toBeLessThanOrEqual(6);
    client.stop();
  });

  it("CON4 a server that takes connections and drops them at once is dialled ever more rarely", async () => {
    const world = new World();
    const client = await world.liveClient(ANNA);
    client.transport.onState((state) => {
      if (state === "connected") world.clock.after(50, () => client.transport.disconnect());
    });
    client.transport.disconnect();
    await world.clock.advance(20 * 60_000);
    const before = client.transport.connects;
    await world.clock.advance(60_000);
    expect(client.transport.connects - before).toBeLessThan(30);
    client.stop();
  });

  it("CON4 tries at once, but not in the same instant, when the network comes back", async () => {
    const world = new World();
    const client = await world.liveClient(ANNA);
    client.transport.reachable = false;
    client.transport.disconnect();
    await world.clock.advance(60_000);
    client.transport.reachable = true;
    client.signals.set("online");
    await world.clock.advance(1_000);
    expect(client.view.status).toBe("live");
  });
});

describe("the list", () => {
  async function liveList(world: World) {
    const client = world.client(ANNA).start();
    const list = new ConsultationList(client.ports, ANNA.id);
    list.start();
    await world.clock.advance(200);
    return { client, list };
  }

  it("RCV7 is read again on every success of the user's own channel, and rows pushed between are merged", async () => {
    const world = new World();
    const { client, list } = await liveList(world);
    expect(list.getSnapshot().rows).toHaveLength(1);
    const [row] = world.server.listFor(ANNA);
    if (!row) throw new Error("a row expected");
    const push = (headSeq: number) =>
      client.transport.deliver(`private-user-${ANNA.id}`, "consultation-updated", {
        v: 1,
        consultation: { ...row, headSeq },
      });
    push(7);
    push(3);
    await world.clock.advance(50);
    expect(list.getSnapshot().rows?.[0]?.headSeq).toBe(7);
    world.say(WEBER, "while away");
    client.transport.disconnect();
    client.transport.connect();
    await world.clock.advance(200);
    expect(list.getSnapshot().rows?.[0]?.headSeq).toBe(1);
  });

  it("RCV7 a row pushed while the list was read is not overwritten by the older reading", async () => {
    const world = new World();
    const { client, list } = await liveList(world);
    const [row] = world.server.listFor(ANNA);
    client.api.latencyMs = () => 300;
    const refreshed = list.refresh();
    await world.clock.advance(400);
    client.transport.deliver(`private-user-${ANNA.id}`, "consultation-updated", {
      v: 1,
      consultation: { ...row, headSeq: 9 },
    });
    await world.clock.advance(300);
    await refreshed;
    expect(list.getSnapshot().rows?.[0]?.headSeq).toBe(9);
  });

  it("RCV7 UI2 F4 a list whose last push was lost is right again within 30 s", async () => {
    const world = new World();
    const { client, list } = await liveList(world);
    client.transport.faults = { ...NO_FAULTS, pushDropped: 1 };
    world.say(WEBER, "not pushed");
    await world.clock.advance(30_000);
    expect(list.getSnapshot().rows?.[0]?.headSeq).toBe(1);
    list.stop();
    client.stop();
  });

  it("RCV7 F7 a reading that a dead network swallowed is not waited for, and its late rows undo nothing", async () => {
    const world = new World();
    const { client, list } = await liveList(world);
    let legs = 0;
    client.api.latencyMs = () => {
      legs += 1;
      return legs === 2 ? 5_000 : 10;
    };
    const refreshed = list.refresh();
    await world.clock.advance(100);
    world.say(WEBER, "newer");
    await world.clock.advance(4_000);
    await refreshed;
    expect(list.getSnapshot().rows?.[0]?.headSeq).toBe(1);
    await world.clock.advance(10_000);
    expect(list.getSnapshot().rows?.[0]?.headSeq).toBe(1);
    list.stop();
    client.stop();
  });

  it("RCV7 a push without the row is a reason to read again; a failed reading is repeated", async () => {
    const world = new World();
    const { client, list } = await liveList(world);
    client.api.script("listConsultations", refused("unavailable"));
    world.say(WEBER, "one");
    client.transport.deliver(`private-user-${ANNA.id}`, "consultation-updated", {
      v: 1,
      consultationId: "only the id",
    });
    await world.clock.advance(2_000);
    expect(list.getSnapshot()).toMatchObject({ rows: [{ headSeq: 1 }], failure: null });
    list.stop();
    client.stop();
    await world.clock.advance(60_000);
    expect([world.clock.pending, client.transport.channels.size]).toEqual([0, 0]);
  });
});
