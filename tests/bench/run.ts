import { createHmac } from "node:crypto";
import type Pusher from "pusher-js";
import { disconnectDb } from "@/lib/server/db";
import { clientOf, lookInto } from "@/tests/support/app-world";
import { buildApp, freePort, startBuiltApp } from "@/tests/support/start-built-app";
import { createWorld } from "@/tests/support/world";
import { breakdown } from "./breakdown";
import { measureBrowser } from "./browser";
import { baseline, polling, product, type Room } from "./contenders";
import { type Contender, type Figures, measure, percentile, table } from "./measure";
import { measureScripts } from "./scripts";
import { startBaseline } from "./start-baseline";
import { startChannels } from "./start-channels";

/**
 * `npm run bench`: the whole product beside the smallest possible one and beside polling, on the same PostgreSQL, the
 * same Channels server and in the same run. Ratios are against the smallest route; only they travel between machines.
 */
const ROUNDS = 3;
const LANES = 8;
const WARM_UP_SECONDS = 20;
const seconds = Number(process.env.MURPH_BENCH_SECONDS ?? 8);

const closers: (() => void | Promise<void>)[] = [];
async function start() {
  const build = await buildApp();
  closers.push(build.remove);
  const channels = await startChannels();
  closers.push(channels.stop);
  const app = await startBuiltApp(build.distDir, {
    ...channels.environment,
    NEXTAUTH_SECRET: "a secret for the benchmark alone",
    MURPH_RATE_SENDS: "1000000000",
    MURPH_RATE_AUTH: "1000000000",
    MURPH_LOG_LEVEL: "warn",
  });
  closers.push(app.stop);
  lookInto(app);
  closers.push(disconnectDb);
  const small = await startBaseline({
    ownerUrl: app.ownerUrl,
    port: await freePort(),
    channels: channels.environment,
  });
  closers.push(small.stop);
  return { app, channels, small };
}

/** The last opened first. */
async function close(): Promise<void> {
  for (const closer of closers.reverse()) await closer();
}

const { app, channels, small } = await start().catch(async (error: unknown) => {
  await close();
  throw error;
});

async function makeRooms(count: number): Promise<Room[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const { patient, practitioner, consultationId } = await createWorld();
      return { consultationId, sender: await clientOf(app, patient), receiver: await clientOf(app, practitioner) };
    }),
  );
}

/** What a contender opens; closed after its turn. */
interface Open {
  sockets: Pusher[];
  timers: NodeJS.Timeout[];
}
type Make = (rooms: number, open: Open) => Promise<Contender>;
interface Pace {
  lanes: number;
  perSecond?: number;
}

async function run(make: Make, pace: Pace, duration = seconds): Promise<Figures> {
  const open: Open = { sockets: [], timers: [] };
  try {
    return await measure(await make(pace.lanes, open), { seconds: duration, ...pace });
  } finally {
    for (const timer of open.timers) clearInterval(timer);
    for (const socket of open.sockets) socket.disconnect();
  }
}

const { PUSHER_KEY, PUSHER_SECRET } = channels.environment;
const socketOf = ({ sockets }: Open) => ({ key: PUSHER_KEY, port: channels.port, open: sockets });
const sign = (socketId: string, channel: string) =>
  `${PUSHER_KEY}:${createHmac("sha256", PUSHER_SECRET).update(`${socketId}:${channel}`).digest("hex")}`;

const makers = new Map<string, Make>([
  ["Murph", async (rooms, open) => product(await makeRooms(rooms), socketOf(open))],
  ["smallest route", async (rooms, open) => baseline(small.baseUrl, rooms, socketOf(open), sign)],
]);
const makePolling: Make = async (rooms, { timers }) => polling(await makeRooms(rooms), timers);

function merge(rounds: Figures[]): Figures {
  const ascending = (values: number[]) => values.sort((a, b) => a - b);
  return {
    sent: rounds.reduce((sum, round) => sum + round.sent, 0),
    delivery: ascending(rounds.flatMap((round) => round.delivery)),
    answer: ascending(rounds.flatMap((round) => round.answer)),
    perSecond: rounds.reduce((sum, round) => sum + round.perSecond, 0) / rounds.length,
  };
}

const ms = (value: number) => value.toFixed(1);
const ratio = (value: number, base: number) => `${(value / base).toFixed(2)}x`;

function report(title: string, results: Map<string, Figures>): void {
  const base = results.get("smallest route");
  if (!base) throw new Error("No baseline");
  console.log(`\n${title}`);
  const rows = [...results].map(([name, figures]) => [
    name,
    `${figures.sent}`,
    figures.perSecond.toFixed(0),
    ms(percentile(figures.delivery, 0.5)),
    ratio(percentile(figures.delivery, 0.5), percentile(base.delivery, 0.5)),
    ms(percentile(figures.delivery, 0.95)),
    ratio(percentile(figures.delivery, 0.95), percentile(base.delivery, 0.95)),
    ms(percentile(figures.answer, 0.5)),
    ratio(figures.perSecond, base.perSecond),
  ]);
  const head = [
    "",
    "messages",
    "per s",
    "delivery p50 ms",
    "ratio",
    "p95 ms",
    "ratio",
    "answer p50 ms",
    "throughput ratio",
  ];
  console.log(table([head, ...rows]));
}

async function compare(title: string, pace: Pace, withPolling: boolean): Promise<void> {
  const rounds = new Map<string, Figures[]>([...makers.keys()].map((name) => [name, []]));
  // Interleaved, so that whatever else the machine does meets both.
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, make] of makers) rounds.get(name)?.push(await run(make, pace));
  }
  const results = new Map([...rounds].map(([name, figures]) => [name, merge(figures)]));
  if (withPolling) {
    results.set("2 s polling", await run(makePolling, pace));
  }
  report(title, results);
}

try {
  // A server in use is warm: until then it measures the compiler, and punishes whoever has more code.
  for (const make of makers.values()) await run(make, { lanes: LANES }, WARM_UP_SECONDS);
  await compare("Send call to receiver callback at 10 messages/s, one consultation", { lanes: 1, perSecond: 10 }, true);
  await compare(`At saturation: ${LANES} consultations, each sender waits for its answer`, { lanes: LANES }, false);

  const { patient, consultationId } = await createWorld();
  const parts = await breakdown({ client: await clientOf(app, patient), sender: patient, consultationId });
  console.log("\nWhere the time of one send goes (median ms, each part alone)");
  console.log(table(parts.map(([name, value]) => [name, value.toFixed(2)])));

  console.log(`\n${table(await measureScripts(app))}`);

  console.log("\nIn two real browsers");
  console.log(table(await measureBrowser(app)));
} finally {
  await close();
}
