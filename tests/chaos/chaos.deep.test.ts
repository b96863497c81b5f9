import { expect, inject, it } from "vitest";
import { FAULTS } from "./faults";
import { reportOf } from "./report";
import { runChaos } from "./run";

const SEED = Number(process.env.MURPH_CHAOS_SEED ?? 1);

/** The long run is `npm run test:chaos`. */
it("I1 I2 I3 I4 I5 F12 F13 F14 F15 F16 F18 F23 seeded chaos: every kind of fault once loses, doubles, moves and misstates nothing", async ({
  signal,
}) => {
  const lines: string[] = [];
  const result = await runChaos({
    distDir: inject("app").distDir,
    seed: SEED,
    messages: 150,
    faults: Object.keys(FAULTS).length,
    roomSize: 150,
    brisk: 0.3,
    // Two minutes where nothing else runs. Elsewhere fewer faults are enough.
    budgetMs: 240_000,
    signal,
    say: (line) => lines.push(line),
  });
  expect(result.findings, `${lines.join("\n")}\n${reportOf(result)}`).toEqual([]);
  expect(result.brokenOff).toBe(false);
  expect(result.typed).toBeGreaterThanOrEqual(150);
  expect(new Set(result.faults.map(({ kind }) => kind)).size).toBe(result.faults.length);
  expect(result.faults.length).toBeGreaterThanOrEqual(12);
  // Whoever was killed before it could answer acknowledged nothing.
  expect(result.acknowledged).toBeGreaterThan(result.saved / 2);
}, 500_000);
