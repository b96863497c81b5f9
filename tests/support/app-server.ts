import type { TestProject } from "vitest/node";
import { type AppAddress, buildApp, startBuiltApp } from "@/tests/support/start-built-app";

declare module "vitest" {
  interface ProvidedContext {
    app: AppAddress;
  }
}

export const TEST_CRON_SECRET = "cron-secret-of-the-tests";

/**
 * One build and one server for all files of the project, with room for many tests: those about limits start their own.
 * MURPH_TEST_BUILD names a finished build folder to use instead, for quick runs by hand.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env.MURPH_TEST_BUILD;
  const build = given ? { distDir: given, remove: () => undefined } : await buildApp();
  const stop = await startBuiltApp(build.distDir, {
    CRON_SECRET: TEST_CRON_SECRET,
    MURPH_RATE_SENDS: "100000",
    MURPH_RATE_AUTH: "100000",
    MURPH_RATE_SIGN_IN: "1000",
    MURPH_RATE_INVITATIONS: "1000",
  }).then(
    ({ stop, ...address }) => {
      project.provide("app", address);
      return stop;
    },
    (error: unknown) => {
      build.remove();
      throw error;
    },
  );
  return async () => {
    await stop();
    build.remove();
  };
}
