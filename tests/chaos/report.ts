import { table } from "@/tests/bench/measure";
import { percentile } from "./measures";
import type { ChaosResult } from "./run";

const ms = (value: number) => (Number.isNaN(value) ? "-" : `${Math.round(value)}`);
const spread = (values: readonly number[]) => [
  ms(percentile(values, 0.5)),
  ms(percentile(values, 0.95)),
  ms(values.length === 0 ? Number.NaN : Math.max(...values)),
];
const numbers = (values: readonly (number | null | undefined)[]) => values.filter((value) => typeof value === "number");

/** Whether anything is wrong that must never be. */
export function isClean({ findings, brokenOff }: ChaosResult): boolean {
  return findings.length === 0 && !brokenOff;
}

/** The result for machines, with deliveries as figures. */
export function jsonOf({ deliveries, ...result }: ChaosResult): string {
  const figures = (values: readonly number[]) => ({
    messages: values.length,
    p50: percentile(values, 0.5),
    p95: percentile(values, 0.95),
    max: Math.max(0, ...values),
  });
  const down = deliveries.filter(({ channelsDown }) => channelsDown);
  const delivery = { all: figures(deliveries.map(({ ms }) => ms)), channelsDown: figures(down.map(({ ms }) => ms)) };
  return `${JSON.stringify({ ...result, delivery }, null, 2)}\n`;
}

/** The result as plain text. */
export function reportOf(result: ChaosResult): string {
  const { findings, faults, deliveries } = result;
  const count = (kind: string) => `${findings.filter((finding) => finding.kind === kind).length}`;
  const down = deliveries.filter(({ channelsDown }) => channelsDown).map((delivery) => delivery.ms);
  const live = faults.filter(({ kind }) => kind === "Channels server killed").map(({ liveMs }) => liveMs);
  const summary = [
    ["seed", `${result.seed}`],
    ["messages written / saved", `${result.typed} / ${result.saved}`],
    ["faults", `${faults.length}`],
    ["seconds", result.seconds.toFixed(0)],
    ["lost", count("lost")],
    ["doubled", count("doubled")],
    ["order errors", count("order")],
    ["untrue statuses", count("untrue")],
    ["stuck (pages, words, faults)", count("stuck")],
    ["not healed in time", count("unhealed")],
    ["app kills survived", `${result.appKills}`],
    ["PostgreSQL kills survived", `${result.postgresKills}`],
    ["acknowledged messages / lost", `${result.acknowledged} / ${result.acknowledgedLost}`],
  ];
  const kinds = [...new Set(faults.map(({ kind }) => kind))].sort();
  const rowOf = (name: string, some: ChaosResult["faults"]) => [
    name,
    `${some.length}`,
    ...spread(numbers(some.map(({ healMs }) => healMs))),
    ...spread(numbers(some.map(({ savedMs }) => savedMs))),
  ];
  const healing = [
    ["fault", "times", "heal p50 ms", "p95", "max", "saved p50 ms", "p95", "max"],
    ...kinds.map((kind) =>
      rowOf(
        kind,
        faults.filter((fault) => fault.kind === kind),
      ),
    ),
    rowOf("all", faults),
  ];
  const delivery = [
    ["delivery, composer to the other screen", "messages", "p50 ms", "p95", "max"],
    ["all", `${deliveries.length}`, ...spread(deliveries.map((one) => one.ms))],
    ["Channels server down and known to be", `${down.length}`, ...spread(down)],
    ["back to live after its return", `${live.length}`, ...spread(numbers(live))],
  ];
  const list = findings.map(
    ({ kind, detail, room, fault, at }) =>
      `  ${kind}: ${detail} (room ${room}, ${fault}, ${new Date(at).toISOString()})`,
  );
  return [
    table(summary),
    table(healing),
    table(delivery),
    ...(list.length === 0 ? [] : [`Findings:\n${list.slice(0, 100).join("\n")}`]),
  ].join("\n\n");
}
