import { setTimeout as sleep } from "node:timers/promises";

/** Milliseconds since 1970, the clock that the database and the pages of this machine share. */
export function clock(): number {
  return Date.now();
}

/** What did not come about in time. */
export class Late extends Error {
  override name = "Late";
}

/** The value, or Late: nothing in this harness waits for ever. */
export async function within<T>(work: Promise<T>, what: string, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Late(`waited ${ms} ms in vain for ${what}`)), ms);
  });
  work.catch(() => undefined);
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  ms: number,
  everyMs = 25,
): Promise<void> {
  const deadline = clock() + ms;
  while (!(await condition())) {
    if (clock() > deadline) throw new Late(`waited ${ms} ms in vain for ${what}`);
    await sleep(everyMs);
  }
}
