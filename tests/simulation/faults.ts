import type { SeededRandom } from "@/tests/support/sim/seeded-random";
import type { Operation, RestMode, WindowFault } from "./plan";

type Window = Extract<Operation, { kind: "window" }>;

/** Which faults are on at this moment, for whom and how strongly; and how often each of them struck. */
export class Faults {
  readonly struck = new Map<string, number>();
  #open: Window[] = [];

  /** When the provider's REST side stopped taking calls; null: it takes them. */
  restDownSince: number | null = null;

  begin(window: Window, now: number): void {
    if (window.fault === "rest-down") this.restDownSince ??= now;
    this.#open.push(window);
  }

  end(window: Window): void {
    this.#open = this.#open.filter((other) => other !== window);
    if (!this.on("rest-down")) this.restDownSince = null;
  }

  endAll(): void {
    this.#open = [];
    this.restDownSince = null;
  }

  count(what: string): void {
    this.struck.set(what, (this.struck.get(what) ?? 0) + 1);
  }

  /** 0 while it is off. */
  strength(fault: WindowFault, target: number | null = null): number {
    let strength = 0;
    for (const window of this.#open) {
      if (window.fault !== fault || (window.target !== null && window.target !== target)) continue;
      strength = Math.max(strength, window.strength);
    }
    return strength;
  }

  on(fault: WindowFault, target: number | null = null): boolean {
    return this.strength(fault, target) > 0;
  }

  strikes(fault: WindowFault, target: number | null, random: SeededRandom): boolean {
    const strength = this.strength(fault, target);
    if (strength === 0 || !random.chance(strength)) return false;
    this.count(fault);
    return true;
  }

  restMode(): RestMode | null {
    return this.#open.find(({ fault }) => fault === "rest-down")?.mode ?? null;
  }
}
