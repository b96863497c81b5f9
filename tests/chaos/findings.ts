/** What a run may find. The first four must be none; the others are wrong too, but harm no word. */
export type FindingKind = "lost" | "doubled" | "order" | "untrue" | "stuck" | "unhealed";

export interface Finding {
  readonly kind: FindingKind;
  readonly detail: string;
  readonly room: number;
  readonly at: number;
  /** What was going on, or had just been. */
  readonly fault: string;
}

export class Findings {
  readonly all: Finding[] = [];
  room = 0;
  fault = "none";
  readonly #said = new Set<string>();

  constructor(readonly say: (line: string) => void) {}

  add(kind: FindingKind, detail: string, at = Date.now()): void {
    const key = `${this.room} ${kind} ${detail}`;
    if (this.#said.has(key)) return;
    this.#said.add(key);
    this.all.push({ kind, detail, room: this.room, at, fault: this.fault });
    this.say(`! ${kind}: ${detail} (room ${this.room}, ${this.fault})`);
  }

  count(kind: FindingKind): number {
    return this.all.filter((finding) => finding.kind === kind).length;
  }
}
