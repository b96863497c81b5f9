import { collect, provideToCopies, runTest, type Suite } from "./collector";
import type { NamedTest, Plant, Witness } from "./plant";
import { withPlantedTemplate } from "./planted-database";

/** A copy of the project without any plant. */
const SOUND = "none";
const SIMULATION: NamedTest = { file: "tests/unit/sync/convergence.test.ts", test: "UI2 RCV1" };

export interface Catch {
  /** The seed or the test that noticed. */
  readonly by: string;
  readonly complaint: string;
}

/** Takes the safeguard out. Throws when nobody notices, or when the witness complains of the sound project too. */
export async function catchPlant(plant: Plant): Promise<Catch> {
  const noticed = "file" in plant ? await noticedBy(plant.witness, plant.id) : await noticedInDatabase(plant);
  if (!noticed) throw new Error(`NOT CAUGHT: everything stays green without "${plant.removed}"`);
  return noticed;
}

async function noticedInDatabase(plant: Extract<Plant, { sqlFunction: string }>): Promise<Catch | null> {
  return withPlantedTemplate(plant, (cluster) =>
    provideToCopies({ pg: cluster }, () => noticedBy(plant.witness, SOUND)),
  );
}

async function noticedBy(witness: Witness, copy: string): Promise<Catch | null> {
  return witness === "simulation" ? noticedBySeed(copy) : noticedByTest(witness, copy);
}

async function noticedByTest(witness: NamedTest, copy: string): Promise<Catch | null> {
  const complaint = await complaintOf(witness, copy);
  if (complaint === null) return null;
  await proveSound(witness);
  return { by: witness.test, complaint };
}

async function noticedBySeed(copy: string): Promise<Catch | null> {
  const complaint = await complaintOf(SIMULATION, copy);
  return complaint === null ? null : { by: complaint.split("\n")[0] ?? "", complaint };
}

const sound = new Set<string>();

/** A test that fails for whatever reason in a copy would catch anything: without a plant it has to pass there. */
async function proveSound(witness: NamedTest): Promise<void> {
  const name = `${witness.file} ${witness.test}`;
  if (sound.has(name)) return;
  const complaint = await provideToCopies({}, () => complaintOf(witness, SOUND));
  if (complaint !== null) throw new Error(`"${witness.test}" fails without any plant: ${complaint}`);
  sound.add(name);
}

const suites = new Map<string, Promise<Suite>>();

async function complaintOf({ file, test }: NamedTest, copy: string): Promise<string | null> {
  const module = `@/${file}?plant=${copy}`;
  // A module registers its tests once, when it is first imported.
  const suite = suites.get(module) ?? collect(() => import(/* @vite-ignore */ module));
  suites.set(module, suite);
  return runTest(await suite, test);
}
