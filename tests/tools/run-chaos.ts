import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { isClean, jsonOf, reportOf } from "@/tests/chaos/report";
import { runChaos } from "@/tests/chaos/run";
import { buildApp } from "@/tests/support/start-built-app";

/**
 * `npm run test:chaos -- --seed S --messages N --faults K [--json file]`: real processes and real browsers, everything
 * killed and everything cut, and a checker that reads the database and every screen. Exits 1 when anything was found.
 * `--room N` messages a room, `--only "kind,kind"` faults of these kinds, MURPH_TEST_BUILD names a finished build.
 */
const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    messages: { type: "string", default: "1000" },
    faults: { type: "string", default: "40" },
    room: { type: "string", default: "500" },
    brisk: { type: "string", default: "1" },
    only: { type: "string" },
    json: { type: "string" },
  },
});

const given = process.env.MURPH_TEST_BUILD;
const say = (line: string) => console.log(`[${new Date().toISOString().slice(11, 19)}] ${line}`);
const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    // Who asks twice wants it at once: the reaper sees to what is left.
    if (stop.signal.aborted) process.exit(130);
    say(`${signal}: ending`);
    stop.abort();
  });
}

console.log(`seed ${values.seed}`);
const build = given ? { distDir: given, remove: () => undefined } : await buildApp();
try {
  const result = await runChaos({
    distDir: build.distDir,
    seed: Number(values.seed),
    messages: Number(values.messages),
    faults: Number(values.faults),
    roomSize: Number(values.room),
    brisk: Number(values.brisk),
    say,
    signal: stop.signal,
    ...(values.only === undefined ? {} : { kinds: values.only.split(",") }),
  });
  if (values.json !== undefined) writeFileSync(values.json, jsonOf(result));
  console.log(`\n${reportOf(result)}\n`);
  process.exitCode = isClean(result) ? 0 : 1;
} finally {
  build.remove();
}
// A socket to something that was killed may still wait for an answer.
process.exit();
