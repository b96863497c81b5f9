import "server-only";
import * as z from "zod";
import { Prisma } from "@/lib/generated/prisma/client";
import { parseChannelName, userChannel } from "@/lib/protocol/channels";
import { isChannelOccupied, occupiedChannels } from "@/lib/pusher/server";
import { db } from "@/lib/server/db";
import { logger } from "@/lib/server/log";
import { callFunction } from "@/lib/server/sql-function";
import { settlePresence } from "./settle";

/**
 * Whose own channel is occupied is always asked of the provider, never taken from a webhook: those come late, twice,
 * in another order or not at all. Every question carries the database's time at which it was asked, so that a slow
 * answer cannot undo that of a later question, whichever processes asked.
 */

/** A moment over the three seconds that confirm_presence grants. */
const LOOK_AGAIN_MS = 3_100;
/** For more of them one question about all is cheaper. */
const MOST_ASKED_SINGLY = 20;
const PREFIX = "private-user-";

interface Asking {
  wanted: Set<string>;
  asking: boolean;
  /** Users who were missing a moment ago, and the timers that ask again. */
  missing: Map<string, NodeJS.Timeout>;
}

const holder = globalThis as { __murphPresence?: Asking };
holder.__murphPresence ??= { wanted: new Set(), asking: false, missing: new Map() };
const state = holder.__murphPresence;

/** Something was said about these users' channels: looks again, soon and not awaited. */
export function lookAgain(userIds: Iterable<string>): void {
  for (const userId of userIds) state.wanted.add(userId);
  if (!state.asking && state.wanted.size > 0) void askWanted();
}

async function askWanted(): Promise<void> {
  state.asking = true;
  while (state.wanted.size > 0) {
    const userIds = [...state.wanted];
    state.wanted.clear();
    // Not asked again: the next sweep asks about everybody.
    await ask(userIds).catch((error: unknown) => logger().debug({ err: error }, "presence not asked"));
  }
  state.asking = false;
}

async function ask(userIds: readonly string[]): Promise<void> {
  const [row] = await db().$queryRaw<{ at: Date }[]>`SELECT clock_timestamp() AS at`;
  if (!row) throw new Error("The database has no time");
  if (userIds.length > MOST_ASKED_SINGLY) return confirm(row.at, await occupiedUsers(), null);
  const answers = await Promise.all(
    userIds.map(async (userId) => ({ userId, occupied: await isChannelOccupied(userChannel(userId)) })),
  );
  const those = (are: boolean) => answers.flatMap(({ userId, occupied }) => (occupied === are ? [userId] : []));
  await confirm(row.at, those(true), those(false));
}

/**
 * Asks about everybody and repairs what webhooks missed. One sweep of all processes together in `everySeconds`; 0: now,
 * whoever has swept before.
 */
export async function sweepPresence(everySeconds: number): Promise<void> {
  const [row] = await db().$queryRaw<{ at: Date | null }[]>`
    SELECT claim_presence_sweep(${everySeconds}::float8) AS at`;
  if (row?.at) await confirm(row.at, await occupiedUsers(), null);
}

async function occupiedUsers(): Promise<string[]> {
  return (await occupiedChannels(PREFIX)).flatMap((name) => {
    const channel = parseChannelName(name);
    return channel?.family === "user" ? [channel.userId] : [];
  });
}

async function confirm(askedAt: Date, occupied: readonly string[], empty: readonly string[] | null): Promise<void> {
  const { again } = await callFunction(
    Prisma.sql`confirm_presence(${askedAt}::timestamptz, ${occupied}::uuid[], ${empty}::uuid[])`,
  );
  for (const userId of z.array(z.string()).parse(again)) lookLater(userId);
  await settlePresence(empty === null ? null : [...occupied, ...empty]);
}

function lookLater(userId: string): void {
  if (state.missing.has(userId)) return;
  const timer = setTimeout(() => {
    state.missing.delete(userId);
    lookAgain([userId]);
  }, LOOK_AGAIN_MS);
  timer.unref();
  state.missing.set(userId, timer);
}
