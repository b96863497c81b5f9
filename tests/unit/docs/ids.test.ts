import { describe, expect, it } from "vitest";
import { filesIn, idsByFile, rowsOf } from "./proofs";

const FAULTS = [...range(1, 23), ...range(25, 29), ...range(31, 35), ...range(38, 40)].map((number) => `F${number}`);

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

const proved = new Set([...idsByFile.values()].flatMap((ids) => [...ids]));

describe("ids", () => {
  it("each rule of the sync spec has a test whose name begins with it", () => {
    const rules = [...rowsOf("docs/sync-spec.md").keys()];
    expect(rules).toEqual(expect.arrayContaining(["SEQ1", "ID1", "RCV7", "SND5", "CON4", "UI4"]));
    expect(rules.filter((rule) => !proved.has(rule))).toEqual([]);
  });

  it("each fault has a row in docs/faults.md, in order", () => {
    expect([...rowsOf("docs/faults.md").keys()]).toEqual(FAULTS);
  });

  it.each(FAULTS)("the files that docs/faults.md names for %s have a test whose name begins with it", (fault) => {
    const row = rowsOf("docs/faults.md").get(fault) ?? "";
    const files = filesIn(row);
    const without = files.filter((file) => !idsByFile.get(file)?.has(fault));
    expect({ fault, without }).toEqual({ fault, without: [] });
    expect(files.length > 0 || row.includes("No test:"), `${fault} has neither a test nor a reason`).toBe(true);
  });

  const attacks = rowsOf("docs/attacks.md");

  it("each attack that a test names has a row in docs/attacks.md", () => {
    expect([...proved].filter((id) => id.startsWith("ATK") && !attacks.has(id))).toEqual([]);
  });

  it.each([...attacks.keys()])("the files that docs/attacks.md names for %s have a test with its id", (attack) => {
    const row = attacks.get(attack) ?? "";
    const files = filesIn(row);
    const without = files.filter((file) => !idsByFile.get(file)?.has(attack));
    expect({ attack, without }).toEqual({ attack, without: [] });
    expect(files.length > 0 || row.includes("No test:"), `${attack} has neither a test nor a reason`).toBe(true);
  });
});
