import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { readFunctions } from "@/lib/boot/functions";
import { readMigrations } from "@/lib/boot/migrate";

test("every SQL function is called: by the program, by a trigger or by another function", () => {
  const { all } = readFunctions([]);
  const program = readdirSync("lib", { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => readFileSync(path.join("lib", file), "utf8"));
  const triggers = readMigrations().map(({ sql }) => sql);
  const bodies = new Map(all.map(({ name, sql }) => [name, sql.replace(/--.*$/gm, "")]));
  const uncalled = all.filter(({ name }) => {
    const call = new RegExp(`\\b${name}\\(`);
    const others = [...bodies].flatMap(([other, body]) => (other === name ? [] : [body]));
    return ![...program, ...triggers, ...others].some((text) => call.test(text));
  });
  expect(uncalled.map(({ name, file }) => `${file} ${name}`)).toEqual([]);
});
