import { SeededRandom } from "@/tests/support/sim/seeded-random";

/**
 * A stream of its own for everything that has a name: taking one operation out of a plan then leaves the luck of all
 * others as it was, which is what shrinking lives on.
 */
export function streamOf(seed: number, name: string): SeededRandom {
  let hash = 0x811c9dc5 ^ seed;
  for (let index = 0; index < name.length; index += 1) {
    hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193);
  }
  hash ^= hash >>> 15;
  return new SeededRandom(Math.imul(hash, 0x2c1b3c6d) ^ (hash >>> 12));
}
