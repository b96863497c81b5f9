import path from "node:path";
import type { Plugin } from "vitest/config";
import { absolutePath, type Plant, plantedSource } from "./plant.ts";

const QUERY = /[?&]plant=([a-z0-9-]+)$/;
const ROOT = absolutePath("");
const COLLECTOR = absolutePath("tests/planted/collector.ts");

/**
 * Gives every `import("...?plant=id")` a copy of the project of its own, in which the plant's file lacks its safeguard:
 * the query travels from importer to imported. Copies live in one process beside each other and beside the true one.
 * Tests in a copy register with the collector instead of with vitest, so that a running test can run them.
 */
export function plantPlugin(plants: readonly Plant[]): Plugin {
  const byId = new Map(plants.map((plant) => [plant.id, plant]));
  return {
    name: "murph-plants",
    enforce: "pre",
    async resolveId(source, importer, options) {
      const id = QUERY.exec(source)?.[1] ?? QUERY.exec(importer ?? "")?.[1];
      if (id === undefined) return null;
      if (source === "vitest") return COLLECTOR;
      const resolved = await this.resolve(source.replace(QUERY, ""), importer?.replace(QUERY, ""), {
        ...options,
        skipSelf: true,
      });
      return resolved && isOurs(resolved.id) ? `${resolved.id}?plant=${id}` : resolved;
    },
    load(moduleId) {
      const plant = byId.get(QUERY.exec(moduleId)?.[1] ?? "");
      if (!plant || !("file" in plant)) return null;
      const file = path.resolve(moduleId.replace(QUERY, ""));
      return file === absolutePath(plant.file) ? plantedSource(plant) : null;
    },
  };
}

function isOurs(id: string): boolean {
  const inside = path.relative(ROOT, id);
  return (
    !inside.startsWith("..") && !inside.startsWith("node_modules") && !inside.startsWith(path.join("lib", "generated"))
  );
}
