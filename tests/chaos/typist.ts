import { setTimeout as sleep } from "node:timers/promises";
import { SeededRandom } from "@/tests/support/sim/seeded-random";
import { clock } from "./deadline";
import type { Screen } from "./screen";

/** What somebody wrote. */
export interface Typed {
  readonly token: string;
  readonly person: string;
  readonly number: number;
  readonly text: string;
  readonly screen: string;
  readonly at: number;
  /** When the composer had let go of it; null where nobody knows whether it did. */
  leftAt: number | null;
}

const WORDS =
  "the pain comes at night after dinner and goes when I lie down schön Ärztin naïve 痛み боль ألم 👩‍⚕️ twice daily".split(
    " ",
  );
const LONG_EVERY = 120;
/** In UTF-8 more than a push may carry: it goes out as a hint and is fetched. */
const LONG = "ausführlich 詳しく ".repeat(220);

/** One person with one pair of hands, now in this tab, now in that. */
export class Typist {
  readonly typed: Typed[] = [];
  readonly kept: string[] = [];
  #number = 0;
  #screen = 0;
  readonly #random: SeededRandom;

  constructor(
    readonly person: string,
    readonly screens: readonly Screen[],
    seed: number,
  ) {
    this.#random = new SeededRandom(seed);
  }

  /** Writes one message, if there is a tab to write it in. */
  async writeOne(): Promise<boolean> {
    if (this.#random.chance(0.08)) this.#screen += 1;
    const usable = this.screens.filter(({ up, hidden }) => up && !hidden);
    const screen = usable[this.#screen % Math.max(1, usable.length)];
    if (!screen) return false;
    this.#number += 1;
    const token = `${this.person}-${this.#number}`;
    const at = clock();
    const text = this.#textOf(token);
    const outcome = await screen.type(text);
    if (outcome === "not-ready") {
      this.#number -= 1;
      return false;
    }
    const leftAt = outcome === "left" ? clock() : null;
    this.typed.push({ token, person: this.person, number: this.#number, text, screen: screen.name, at, leftAt });
    if (outcome === "kept") this.kept.push(`${token} in ${screen.name}`);
    return true;
  }

  async pause(low: number, high: number): Promise<void> {
    await sleep(low + this.#random.next() * (high - low));
  }

  #textOf(token: string): string {
    if (this.#number % LONG_EVERY === 0) return `${token} ${LONG}`.trim();
    const words = Array.from({ length: this.#random.below(9) }, () => this.#random.pick(WORDS));
    return [token, ...words].join(" ");
  }
}
