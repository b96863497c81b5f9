import net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import Pusher from "pusher";
import PusherClient from "pusher-js";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  clusterOf,
  postmasterPid,
  query,
  type RuntimeReport,
  startAppProcess,
  temporaryDataDir,
  until,
} from "@/tests/support/processes";

const TAKE_OVER_MS = 8_000;

async function answers(port: number | null): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(1_000) })).ok;
  } catch {
    return false;
  }
}

/** Listens on a port, so that nobody else can. */
async function occupy(port: number): Promise<void> {
  const server = net.createServer((socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  onTestFinished(() => new Promise<void>((resolve) => void server.close(() => resolve())));
}

describe("two live servers on one data folder", () => {
  test("share PostgreSQL and the Channels server; when the first is killed the second takes over where it was", async () => {
    const dataDir = temporaryDataDir();
    const first = startAppProcess(dataDir);
    const before = await first.ready();
    const postmaster = postmasterPid(clusterOf(dataDir));
    const second = startAppProcess(dataDir);
    expect(await second.ready()).toEqual(before);
    expect(second.output()).toContain(`is shared with process ${first.pid}`);
    expect(second.output()).toContain("Channels server of another instance");

    const browser = new PusherClient(before.key, {
      wsHost: "127.0.0.1",
      wsPort: before.channelsPort ?? 0,
      forceTLS: false,
      enabledTransports: ["ws"],
      cluster: "",
    });
    onTestFinished(() => browser.disconnect());
    const heard: unknown[] = [];
    const channel = browser.subscribe("news");
    channel.bind("said", (data: unknown) => heard.push(data));
    let subscriptions = 0;
    channel.bind("pusher:subscription_succeeded", () => {
      subscriptions += 1;
    });
    await until(() => subscriptions === 1, "the subscription");

    first.kill("SIGKILL");
    await first.exited();
    await until(() => second.output().includes("taken over"), "the take-over", TAKE_OVER_MS);
    expect(await second.report()).toEqual(before);
    expect(postmasterPid(clusterOf(dataDir))).toBe(postmaster);

    await until(() => subscriptions === 2, "the browser to be back");
    await serverOf(before).trigger("news", "said", { after: "take-over" });
    await until(() => heard.length > 0, "the event");
    expect(heard).toEqual([{ after: "take-over" }]);

    second.kill("SIGTERM");
    await second.exited();
    expect(postmasterPid(clusterOf(dataDir))).toBeNull();
    expect(await answers(before.channelsPort)).toBe(false);
  });

  test("the first to leave in order hands over, the last one stops PostgreSQL", async () => {
    const dataDir = temporaryDataDir();
    const first = startAppProcess(dataDir);
    const before = await first.ready();
    const second = startAppProcess(dataDir);
    await second.ready();
    first.kill("SIGTERM");
    await first.exited();
    expect(postmasterPid(clusterOf(dataDir))).not.toBeNull();
    await until(() => answers(before.channelsPort), "the second to serve", TAKE_OVER_MS);
    expect(await query(before.databaseUrl, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
    second.kill("SIGINT");
    await second.exited();
    expect(postmasterPid(clusterOf(dataDir))).toBeNull();
  });

  test("both told to stop at once leave nothing", async () => {
    const dataDir = temporaryDataDir();
    const apps = [startAppProcess(dataDir), startAppProcess(dataDir)];
    await Promise.all(apps.map((app) => app.ready()));
    for (const app of apps) app.kill("SIGTERM");
    await Promise.all(apps.map((app) => app.exited()));
    expect(postmasterPid(clusterOf(dataDir))).toBeNull();
  });

  test("three started at the same moment on a fresh folder agree on everything", async () => {
    const dataDir = temporaryDataDir();
    const apps = [1, 2, 3].map(() => startAppProcess(dataDir));
    const reports = await Promise.all(apps.map((app) => app.ready()));
    expect(new Set(reports.map((report) => JSON.stringify(report))).size).toBe(1);
    const [{ databaseUrl } = { databaseUrl: "" }] = reports;
    expect(await query(databaseUrl, "SELECT count(*)::int AS count FROM users")).toEqual([{ count: 4 }]);
    expect(apps.filter((app) => app.output().includes("built-in Channels server,"))).toHaveLength(1);
  });

  test("the loss of every lock, as at a restart of PostgreSQL, does not make two Channels servers", async () => {
    const dataDir = temporaryDataDir();
    const first = startAppProcess(dataDir);
    const before = await first.ready();
    const second = startAppProcess(dataDir);
    await second.ready();
    for (let round = 0; round < 3; round++) {
      const ended = await query<{ ended: number }>(
        before.databaseUrl,
        "SELECT count(pg_terminate_backend(pid))::int AS ended FROM pg_stat_activity WHERE application_name = 'murph-channels'",
      );
      expect(ended).toEqual([{ ended: 2 }]);
      await until(
        async () =>
          (await query(before.databaseUrl, "SELECT FROM pg_stat_activity WHERE application_name = 'murph-channels'"))
            .length === 2,
        "both to be connected again",
      );
    }
    await sleep(2_500);
    expect(await first.report()).toEqual(before);
    expect(await second.report()).toEqual(before);
    expect(second.output()).not.toContain("taken over");
    first.kill("SIGKILL");
    await until(() => second.output().includes("taken over"), "the take-over", TAKE_OVER_MS);
  });
});

describe("ports that are taken", () => {
  test("PostgreSQL and the Channels server move, say so, and stay there", async () => {
    const dataDir = temporaryDataDir();
    const first = startAppProcess(dataDir);
    const before = await first.ready();
    first.kill("SIGTERM");
    await first.exited();
    const databasePort = Number(new URL(before.databaseUrl).port);
    await occupy(databasePort);
    await occupy(before.channelsPort ?? 0);

    const second = startAppProcess(dataDir);
    const moved = await second.ready();
    expect(second.output()).toContain(`Port ${databasePort} is taken: PostgreSQL moved to`);
    expect(second.output()).toContain(`Port ${before.channelsPort} is taken: the built-in Channels server moved to`);
    expect({ ...moved, databaseUrl: "", channelsPort: 0 }).toEqual({ ...before, databaseUrl: "", channelsPort: 0 });
    expect(moved.channelsPort).not.toBe(before.channelsPort);
    expect((await serverOf(moved).get({ path: "/channels" })).status).toBe(200);
    second.kill("SIGTERM");
    await second.exited();

    const third = startAppProcess(dataDir);
    expect(await third.ready()).toEqual(moved);
  });
});

function serverOf({ appId, key, secret, channelsPort }: RuntimeReport): Pusher {
  return new Pusher({ appId, key, secret, host: "127.0.0.1", port: String(channelsPort), useTLS: false });
}
