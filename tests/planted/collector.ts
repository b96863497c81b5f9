import { expect, inject as injectProvided, onTestFinished, type ProvidedContext, vi } from "vitest";

/*
 * What `vitest` is to a copy of the project (plant-plugin.ts): tests are collected instead of run, so that a running
 * test can run one of them and see it fail.
 */
export { expect, onTestFinished, vi };

type Body = () => unknown;
type HookName = "beforeAll" | "afterAll" | "beforeEach" | "afterEach";

interface Test {
  readonly name: string;
  readonly body: Body;
}

export interface Suite {
  readonly hooks: Record<HookName, Body[]>;
  readonly tests: Test[];
  readonly suites: Suite[];
}

const newSuite = (): Suite => ({
  hooks: { beforeAll: [], afterAll: [], beforeEach: [], afterEach: [] },
  tests: [],
  suites: [],
});

let current = newSuite();
let provided: Partial<ProvidedContext> = {};

/** The tests that a module registers while it is imported. */
export async function collect(importModule: () => Promise<unknown>): Promise<Suite> {
  const suite = newSuite();
  current = suite;
  await importModule();
  return suite;
}

/** While `run` lasts, copies find these instead of what the project provides. */
export async function provideToCopies<T>(values: Partial<ProvidedContext>, run: () => Promise<T>): Promise<T> {
  const before = provided;
  provided = values;
  try {
    return await run();
  } finally {
    provided = before;
  }
}

/** Runs the one test whose name begins so, with the hooks around it. Answers what it complains of, null if nothing. */
export async function runTest(suite: Suite, name: string): Promise<string | null> {
  const [found, ...others] = testsNamed(suite, name, []);
  if (!found || others.length > 0)
    throw new Error(`stale plant: "${name}" is the start of ${found ? "several tests" : "no test"}`);
  const { test, around } = found;
  const inside = [...around].reverse();
  await runHooks(around, "beforeAll");
  await runHooks(around, "beforeEach");
  const complaint = await complaintOf(test);
  try {
    await runHooks(inside, "afterEach");
    await runHooks(inside, "afterAll");
  } catch (error) {
    // What a plant broke may not be able to tidy up; all of it is scratch, and goes with its cluster.
    if (complaint === null) throw error;
  }
  return complaint;
}

async function complaintOf({ body }: Test): Promise<string | null> {
  try {
    await body();
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function runHooks(suites: readonly Suite[], name: HookName): Promise<void> {
  for (const { hooks } of suites) for (const hook of hooks[name]) await hook();
}

interface Found {
  readonly test: Test;
  /** From the outermost. */
  readonly around: readonly Suite[];
}

function testsNamed(suite: Suite, name: string, outer: readonly Suite[]): Found[] {
  const around = [...outer, suite];
  const own = suite.tests.filter((test) => test.name.startsWith(name)).map((test) => ({ test, around }));
  return [...own, ...suite.suites.flatMap((inner) => testsNamed(inner, name, around))];
}

type Arguments = readonly unknown[];

function bodyOf(rest: Arguments): Body | undefined {
  return rest.find((argument): argument is Body => typeof argument === "function");
}

function addTest(name: string, ...rest: Arguments): void {
  const body = bodyOf(rest);
  if (body) current.tests.push({ name, body });
}

function addSuite(_name: string, ...rest: Arguments): void {
  const outer = current;
  current = newSuite();
  outer.suites.push(current);
  bodyOf(rest)?.();
  current = outer;
}

const each = (add: typeof addTest) => (rows: Arguments) => (name: string, body: (...values: Arguments) => unknown) => {
  for (const row of rows) {
    const values = Array.isArray(row) ? row : [row];
    add(name.replace("%s", String(values[0])), () => body(...values));
  }
};

const addHook = (name: HookName) => (body: Body) => {
  current.hooks[name].push(body);
};

export const beforeAll = addHook("beforeAll");
export const afterAll = addHook("afterAll");
export const beforeEach = addHook("beforeEach");
export const afterEach = addHook("afterEach");
export const it = Object.assign(addTest, { each: each(addTest) });
export const test = Object.assign(addTest.bind(null), { each: each(addTest) });
export const describe = Object.assign(addSuite, { each: each(addSuite) });
export function inject<Key extends keyof ProvidedContext>(key: Key): ProvidedContext[Key] {
  return provided[key] ?? injectProvided(key);
}
