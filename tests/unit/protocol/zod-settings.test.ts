import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";

test("T2 every module of the client that makes a schema has first told zod not to try eval", () => {
  const makers = ["protocol", "core", "sync", "browser"].flatMap((folder) =>
    readdirSync(path.resolve("lib", folder), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts") && file !== "zod-settings.ts")
      .map((file) => ({ file: `${folder}/${file}`, text: readFileSync(path.resolve("lib", folder, file), "utf8") }))
      .filter(({ text }) => /^import (?!type).* from "zod/m.test(text)),
  );
  expect(makers.length).toBeGreaterThan(15);
  const untold = makers.filter(({ text }) => !/^import "(@\/lib\/protocol|\.)\/zod-settings";$/m.test(text));
  expect(untold.map(({ file }) => file)).toEqual([]);
});
