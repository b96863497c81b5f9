/** One way of getting a message across: how it is sent, and how its arrival is noticed. */
export interface Contender {
  name: string;
  /** Sends message `index` of lane `lane`; resolves when the sender has its answer. */
  send(lane: number, index: number): Promise<string>;
  /** Called once; `arrived` must be called with the id that `send` resolved with. */
  listen(arrived: (id: string) => void): Promise<void>;
}

export interface Figures {
  sent: number;
  /** Send call to receiver callback, milliseconds, ascending. */
  delivery: number[];
  /** Send call to the sender's own answer, milliseconds, ascending. */
  answer: number[];
  perSecond: number;
}

export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/**
 * Sends on `lanes` lanes for `seconds`, each lane waiting for its answer before the next send, or at a fixed pace,
 * then waits until everything has arrived. Throws when something has not within 30 s.
 */
export async function measure(
  contender: Contender,
  options: { lanes: number; seconds: number; perSecond?: number },
): Promise<Figures> {
  const startedAt = new Map<string, number>();
  const arrivedAt = new Map<string, number>();
  const answer: number[] = [];
  await contender.listen((id) => {
    if (!arrivedAt.has(id)) arrivedAt.set(id, performance.now());
  });

  const begin = performance.now();
  const end = begin + options.seconds * 1_000;
  async function sendOne(lane: number, index: number): Promise<void> {
    const start = performance.now();
    const id = await contender.send(lane, index);
    answer.push(performance.now() - start);
    startedAt.set(id, start);
  }
  if (options.perSecond === undefined) {
    await Promise.all(
      Array.from({ length: options.lanes }, async (_, lane) => {
        for (let index = 0; performance.now() < end; index++) await sendOne(lane, index);
      }),
    );
  } else {
    const sends: Promise<void>[] = [];
    const total = options.perSecond * options.seconds;
    for (let index = 0; index < total; index++) {
      await pauseUntil(begin + (index * 1_000) / options.perSecond);
      sends.push(sendOne(index % options.lanes, index));
    }
    await Promise.all(sends);
  }
  const elapsed = performance.now() - begin;

  const deadline = performance.now() + 30_000;
  while ([...startedAt.keys()].some((id) => !arrivedAt.has(id))) {
    if (performance.now() > deadline) throw new Error(`${contender.name}: some messages never arrived`);
    await pauseUntil(performance.now() + 20);
  }
  const delivery = [...startedAt].map(([id, start]) => (arrivedAt.get(id) ?? Number.NaN) - start);
  return {
    sent: startedAt.size,
    delivery: delivery.sort((a, b) => a - b),
    answer: answer.sort((a, b) => a - b),
    perSecond: (startedAt.size / elapsed) * 1_000,
  };
}

function pauseUntil(time: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, time - performance.now())));
}

/** A plain table, columns padded. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")).join("\n");
}
