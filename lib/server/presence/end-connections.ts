import "server-only";
import { setTimeout as sleep } from "node:timers/promises";
import { terminateUserConnections } from "@/lib/pusher/server";
import { logger } from "@/lib/server/log";

const ATTEMPTS = 3;
const PAUSE_MS = 500;

/**
 * Ends all sockets of a person, some of which may go on no longer: those that may come back by themselves and are
 * authorised anew. Never awaited: what is left of a socket that could not be ended is said by whoever calls this.
 */
export async function endConnections(userId: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await terminateUserConnections(userId);
    } catch (error) {
      if (attempt === ATTEMPTS) return logger().warn({ userId, err: error }, "connections of a person not ended");
    }
    await sleep(PAUSE_MS * attempt, undefined, { ref: false });
  }
}
