import { availableParallelism } from "node:os";
import path from "node:path";
import { defineConfig } from "vitest/config";
import { plantPlugin } from "./tests/planted/plant-plugin.ts";
import { SOURCE_PLANTS } from "./tests/planted/source-plants.ts";

const root = import.meta.dirname;

/**
 * One project a kind of proof. "unit" and "dom" need nothing; "pg" starts one real PostgreSQL and gives each file its
 * own database; "planted" takes safeguards out of copies of the project and looks who notices; "protocol" talks to the
 * built-in Channels server; "app" builds and starts the product once; "startup" boots it in many conditions.
 */
export default defineConfig({
  resolve: { alias: { "@": root, "server-only": path.join(root, "node_modules/server-only/empty.js") } },
  test: {
    // Most of the time a test waits for a browser or a process; one file at a time would leave the machine idle.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    projects: [
      { extends: true, test: { name: "unit", include: ["tests/unit/**/*.test.ts"] } },
      {
        extends: true,
        test: { name: "dom", include: ["tests/dom/**/*.test.{ts,tsx}"], environment: "happy-dom" },
      },
      { extends: true, test: { name: "simulation", include: ["tests/simulation/**/*.test.ts"] } },
      {
        extends: true,
        test: {
          name: "pg",
          include: ["tests/pg/**/*.pg.test.ts"],
          globalSetup: ["tests/support/pg-cluster.ts"],
          testTimeout: 20_000,
        },
      },
      {
        extends: true,
        plugins: [plantPlugin(SOURCE_PLANTS)],
        test: {
          name: "planted",
          include: ["tests/planted/**/*.test.ts"],
          globalSetup: ["tests/support/pg-cluster.ts"],
          // A plant may make something run wild: that ends as a failure of its own.
          execArgv: ["--max-old-space-size=1024"],
        },
      },
      {
        extends: true,
        test: { name: "protocol", include: ["tests/protocol/**/*.test.ts"], testTimeout: 20_000 },
      },
      {
        extends: true,
        test: {
          name: "app",
          include: ["tests/app/**/*.test.ts", "tests/chaos/**/*.test.ts"],
          globalSetup: ["tests/support/app-server.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: "startup",
          include: ["tests/startup/**/*.test.ts"],
          globalSetup: ["tests/startup/hold-default-ports.ts"],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          // After the others: how soon an instance takes over is measured.
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
