import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

const ROOT = path.resolve(import.meta.dirname, "..", "..", "..");

const testFiles = readdirSync(path.join(ROOT, "tests"), { recursive: true, encoding: "utf8" })
  .filter((file) => /\.test\.tsx?$/.test(file))
  .map((file) => `tests/${file.split(path.sep).join("/")}`);

/** By file, the ids that names of its tests begin with. */
export const idsByFile: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  testFiles.map((file) => [file, idsOfTests(read(file))]),
);

/** Rows of a document's tables, by the id in their first cell. */
export function rowsOf(document: string): Map<string, string> {
  return new Map([...read(document).matchAll(/^\| ([A-Z]+\d+) \| (.*)$/gm)].map(([, id = "", row = ""]) => [id, row]));
}

/** The test files that a row names. */
export function filesIn(row: string): string[] {
  return [...row.matchAll(/`(tests\/[^`]+)`/g)].map(([, file = ""]) => file);
}

function read(file: string): string {
  return readFileSync(path.join(ROOT, file), "utf8");
}

/** A test that is skipped shows nothing. */
function idsOfTests(source: string): Set<string> {
  const ids: string[] = [];
  for (const { index } of source.matchAll(/(?<![\w.])(?:it|test)(?=[.(])/g)) {
    const callee = /^[\w.]+/.exec(source.slice(index))?.[0] ?? "";
    if (/skip|todo/.test(callee)) continue;
    const rest = source.slice(index + callee.length);
    const call = callee.includes(".each") ? afterParentheses(rest) : rest;
    const [, start = ""] = /^\(\s*["'`]((?:[A-Z]+\d+ )+)/.exec(call) ?? [];
    ids.push(...start.split(" "));
    // A table's rows name themselves.
    if (/^\(\s*["'`]%s/.test(call)) {
      const table = rest.slice(0, rest.length - call.length);
      for (const [, row = ""] of table.matchAll(/\[\s*"((?:[A-Z]+\d+ )+)/g)) ids.push(...row.split(" "));
    }
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
