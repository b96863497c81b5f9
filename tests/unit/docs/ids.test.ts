import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";

const ROOT = path.resolve(import.meta.dirname, "..", "..", "..");
const FAULTS = [...range(1, 23), ...range(25, 27), 29, ...range(31, 34), 38, 39].map((number) => `F${number}`);

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

function read(file: string): string {
  return readFileSync(path.join(ROOT, file), "utf8");
}

/** Ids at the start of the names of a file's tests; a test that is skipped shows nothing. */
function idsOfTests(source: string): Set<string> {
  const ids: string[] = [];
  for (const { index } of source.matchAll(/(?<![\w.])(?:it|test)(?=[.(])/g)) {
    const callee = /^[\w.]+/.exec(source.slice(index))?.[0] ?? "";
    if (/skip|todo/.test(callee)) continue;
    const rest = source.slice(index + callee.length);
    const call = callee.includes(".each") ? afterParentheses(rest) : rest;
    const [, start = ""] = /^\(\s*["'`]((?:[A-Z]+\d+ )+)/.exec(call) ?? [];
    ids.push(...start.split(" "));
  }
  return new Set(ids);
}

function afterParentheses(source: string): string {
  let depth = 0;
  for (let index = 0; index < source.length; index++) {
    if (source[index] === "(") depth += 1;
    if (source[index] === ")") depth -= 1;
    if (depth === 0) return source.slice(index + 1);
  }
  return "";
}

const testFiles = readdirSync(path.join(ROOT, "tests"), { recursive: true, encoding: "utf8" })
  .filter((file) => /\.test\.tsx?$/.test(file))
  .map((file) => `tests/${file.split(path.sep).join("/")}`);
const idsByFile = new Map(testFiles.map((file) => [file, idsOfTests(read(file))]));
const proved = new Set([...idsByFile.values()].flatMap((ids) => [...ids]));

/** Rows of a document's tables, by the id in their first cell. */
function rowsOf(document: string): Map<string, string> {
  return new Map([...read(document).matchAll(/^\| ([A-Z]+\d+) \| (.*)$/gm)].map(([, id = "", row = ""]) => [id, row]));
}

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
    const files = [...row.matchAll(/`(tests\/[^`]+)`/g)].map(([, file = ""]) => file);
    const without = files.filter((file) => !idsByFile.get(file)?.has(fault));
    expect({ fault, without }).toEqual({ fault, without: [] });
    expect(files.length > 0 || row.includes("No test:"), `${fault} has neither a test nor a reason`).toBe(true);
  });
});
