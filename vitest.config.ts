import { availableParallelism } from "node:os";
import path from "node:path";
import { defineConfig, type TestProjectInlineConfiguration } from "vitest/config";
import { plantPlugin } from "./tests/planted/plant-plugin.ts";
import { SOURCE_PLANTS } from "./tests/planted/source-plants.ts";

const root = import.meta.dirname;
const DEEP = "**/*.deep.test.ts";

type Kind = Omit<TestProjectInlineConfiguration, "extends">;

/**
 * A kind of proof is two projects: what `npm test` runs, and "deep-" what takes longer than a person waits for, which is
 * named *.deep.test.ts and belongs to `npm run test:deep`.
 */
function proofs(name: string, folders: readonly string[], { test, ...kind }: Kind = {}) {
  const project = (own: { name: string; include: string[]; exclude?: string[] }) => ({
    ...kind,
    extends: true as const,
    test: { ...test, ...own },
  });
  const files = (ending: string) => folders.map((folder) => `tests/${folder}/**/*${ending}`);
  return [
    project({ name, include: files(".test.{ts,tsx}"), exclude: [DEEP] }),
    project({ name: `deep-${name}`, include: files(".deep.test.ts") }),
  ];
}

/**
 * "unit" and "dom" need nothing; "pg" starts one real PostgreSQL and gives each file its own database; "planted" takes
 * safeguards out of copies of the project and looks who notices; "protocol" talks to the built-in Channels server; "app"
 * builds and starts the product once; "startup" boots it in many conditions.
 */
export default defineConfig({
  resolve: { alias: { "@": root, "server-only": path.join(root, "node_modules/server-only/empty.js") } },
  test: {
    // Most of the time a test waits for a browser or a process; one file at a time would leave the machine idle.
    maxWorkers: Math.max(3, availableParallelism() - 1),
    // For what must never happen: how long a test takes says something of the machine only.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 30_000 } },
    projects: [
      ...proofs("unit", ["unit"]),
      ...proofs("dom", ["dom"], { test: { environment: "happy-dom" } }),
      ...proofs("simulation", ["simulation"]),
      ...proofs("pg", ["pg"], { test: { globalSetup: ["tests/support/pg-cluster.ts"] } }),
      ...proofs("planted", ["planted"], {
        plugins: [plantPlugin(SOURCE_PLANTS)],
        test: {
          globalSetup: ["tests/support/pg-cluster.ts"],
          // A plant may make something run wild: that ends as a failure of its own.
          execArgv: ["--max-old-space-size=1024"],
        },
      }),
      ...proofs("protocol", ["protocol"]),
      ...proofs("app", ["app", "chaos"], {
        test: {
          globalSetup: ["tests/support/app-server.ts"],
          // Several browsers at once: on a machine that is busy with other things a long conversation takes minutes.
          testTimeout: 180_000,
        },
      }),
      ...proofs("startup", ["startup"], {
        test: {
          globalSetup: ["tests/startup/hold-default-ports.ts"],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          // After the others: how soon an instance takes over is measured.
          sequence: { groupOrder: 1 },
        },
      }),
    ],
  },
});
