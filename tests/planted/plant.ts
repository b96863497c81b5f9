import { readFileSync } from "node:fs";
import path from "node:path";

const ROOT = path.resolve(import.meta.dirname, "..", "..");

/** One test of the suite, by the start of its name. */
export interface NamedTest {
  readonly file: string;
  readonly test: string;
}

/** Who is to notice: one test, or the simulation, whose seed that was known to notice last is tried first. */
export type Witness = { readonly seed: number } | NamedTest;

interface PlantHead {
  readonly id: string;
  /** Rule of docs/sync-spec.md that the safeguard keeps. */
  readonly rule: string;
  /** What a person who removed it would say they did. */
  readonly removed: string;
  readonly find: string;
  readonly replace: string;
  readonly witness: Witness;
}

/** One safeguard taken out of a source file. */
export interface SourcePlant extends PlantHead {
  readonly file: string;
}

/** One safeguard taken out of a function of prisma/functions. */
export interface SqlPlant extends PlantHead {
  readonly sqlFunction: string;
}

export type Plant = SourcePlant | SqlPlant;

export function absolutePath(file: string): string {
  return path.join(ROOT, file);
}

/** The text without its safeguard. Throws when the plant no longer fits: then nobody knows whether it would be caught. */
export function withoutSafeguard({ id, find, replace }: Plant, text: string): string {
  const places = text.split(find).length - 1;
  if (places !== 1) throw new Error(`stale plant: ${id} fits ${places} places instead of one, renew its find text`);
  return text.replace(find, () => replace);
}

export function plantedSource(plant: SourcePlant): string {
  return withoutSafeguard(plant, readFileSync(absolutePath(plant.file), "utf8"));
}
