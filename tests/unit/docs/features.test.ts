import { describe, expect, it } from "vitest";
import { filesIn, idsByFile, rowsOf } from "./proofs";

/** Every row of the feature list, in its order. */
const FEATURES = [...idsOf("A", 8), ...idsOf("B", 7), ...idsOf("C", 8), ...idsOf("D", 8), ...idsOf("E", 8)];
/** What only people in front of real browsers can show. */
const IN_BROWSERS = ["A4", "A6", "A7", "A8", "B6", "C3", "C4", "C5", "C6", "C7", "C8", "D2", "D5", "D7", "E2"];

function idsOf(letter: string, last: number): string[] {
  return Array.from({ length: last }, (_, index) => `${letter}${index + 1}`);
}

const rows = rowsOf("docs/features.md");

/** Ids under which a row says that it is proved: its own, and those that it names in its second cell. */
function idsIn(feature: string): string[] {
  const [, also = ""] = (rows.get(feature) ?? "").split("|").map((cell) => cell.trim());
  return [feature, ...also.split(" ").filter((id) => id !== "")];
}

describe("features", () => {
  it("each feature has a row in docs/features.md, in order", () => {
    expect([...rows.keys()]).toEqual(FEATURES);
  });

  it.each(FEATURES)("the files that docs/features.md names for %s have a test whose name begins with it", (feature) => {
    const row = rows.get(feature) ?? "";
    const files = filesIn(row);
    const ids = idsIn(feature);
    const without = files.filter((file) => !ids.some((id) => idsByFile.get(file)?.has(id)));
    expect({ feature, without }).toEqual({ feature, without: [] });
    expect(files.length > 0 || row.includes("Later:"), `${feature} has neither a proof nor a reason`).toBe(true);
  });

  it.each(IN_BROWSERS)("%s is shown to people in real browsers", (feature) => {
    const shown = filesIn(rows.get(feature) ?? "").filter((file) => file.startsWith("tests/app/browser/"));
    expect(shown.some((file) => idsByFile.get(file)?.has(feature))).toBe(true);
  });
});
