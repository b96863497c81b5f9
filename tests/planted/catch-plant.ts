import { collect, provideToCopies, runTest, type Suite } from "./collector";
import type { NamedTest, Plant, Witness } from "./plant";
import { withPlantedTemplate } from "./planted-database";

/** A copy of the project without any plant. */
const SOUND = "none";
const SEEDS = 200;

/**
 * Takes the safeguard out and answers which seed or test noticed. Throws when nobody does, or when the witness complains
 * of the sound project too.
 */
export async function catchPlant(plant: Plant): Promise<string> {
  const noticed = "file" in plant ? await noticedBy(plant.witness, plant.id) : await noticedInDatabase(plant);
  if (!noticed) throw new Error(`NOT CAUGHT: everything stays green without "${plant.removed}"`);
  return noticed;
}

async function noticedInDatabase(plant: Extract<Plant, { sqlFunction: string }>): Promise<string | null> {
  return withPlantedTemplate(plant, (cluster) =>
    provideToCopies({ pg: cluster }, () => noticedBy(plant.witness, SOUND)),
  );
}

async function noticedBy(witness: Witness, copy: string): Promise<string | null> {
  return "seed" in witness ? noticedBySeed(witness.seed, copy) : noticedByTest(witness, copy);
}

/** The seed that is known to notice comes first; where the simulation has changed since, another one may. */
async function noticedBySeed(known: number, copy: string): Promise<string | null> {
  const others = Array.from({ length: SEEDS }, (_, index) => index + 1).filter((seed) => seed !== known);
  for (const seed of [known, ...others]) {
    const complaint = await complaintOfSeed(seed, copy);
    if (complaint !== null && (await complaintOfSeed(seed, SOUND)) === null) return `seed ${seed}: ${complaint}`;
  }
  return null;
}

async function complaintOfSeed(seed: number, copy: string): Promise<string | null> {
  const { runSeeds } = await importCopy<typeof import("@/tests/simulation/run-seeds")>(
    "tests/simulation/run-seeds.ts",
    copy,
  );
  const [failure] = (await runSeeds({ from: seed, count: 1 })).failures;
  return failure?.rule ?? null;
}

async function noticedByTest(witness: NamedTest, copy: string): Promise<string | null> {
  const complaint = await complaintOfTest(witness, copy);
  if (complaint === null) return null;
  await proveSound(witness);
  return witness.test;
}

const sound = new Set<string>();

/** A test that fails for whatever reason in a copy would catch anything: without a plant it has to pass there. */
async function proveSound(witness: NamedTest): Promise<void> {
  const name = `${witness.file} ${witness.test}`;
  if (sound.has(name)) return;
  const complaint = await provideToCopies({}, () => complaintOfTest(witness, SOUND));
  if (complaint !== null) throw new Error(`"${witness.test}" fails without any plant: ${complaint}`);
  sound.add(name);
}

const suites = new Map<string, Promise<Suite>>();

async function complaintOfTest({ file, test }: NamedTest, copy: string): Promise<string | null> {
  const name = `${file} ${copy}`;
  // A module registers its tests once, when it is first imported.
  const suite = suites.get(name) ?? collect(() => importCopy(file, copy));
  suites.set(name, suite);
  return runTest(await suite, test);
}

/** The plugin gives each plant a copy of its own (plant-plugin.ts). */
async function importCopy<Module>(file: string, copy: string): Promise<Module> {
  return import(/* @vite-ignore */ `@/${file}?plant=${copy}`);
}
