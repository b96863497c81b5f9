import "server-only";
import { unavailable } from "@/lib/server/app-error";

/**
 * Appends to one consultation wait for each other in the database anyway. Most of them wait here instead, so that a
 * consultation whose turn is held for long takes a few connections of the pool and not all: the others go on (F17).
 */
const AT_ONCE = 3;
const PATIENCE_MS = 6_000;

interface Turns {
  taken: number;
  waiting: (() => void)[];
}

const turns = new Map<string, Turns>();

/** Runs `work` with at most a few others of this consultation, in the order of the calls. Throws AppError: unavailable. */
export async function withTurn<T>(consultationId: string, work: () => Promise<T>): Promise<T> {
  const mine = turns.get(consultationId) ?? { taken: 0, waiting: [] };
  turns.set(consultationId, mine);
  if (mine.taken < AT_ONCE) mine.taken += 1;
  else await turnGiven(mine);
  try {
    return await work();
  } finally {
    const next = mine.waiting.shift();
    if (next) next();
    else mine.taken -= 1;
    if (mine.taken === 0) turns.delete(consultationId);
  }
}

function turnGiven({ waiting }: Turns): Promise<void> {
  return new Promise((resolve, reject) => {
    const given = () => {
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(() => {
      waiting.splice(waiting.indexOf(given), 1);
      reject(unavailable());
    }, PATIENCE_MS);
    waiting.push(given);
  });
}
