import "@/lib/protocol/zod-settings";
import * as z from "zod";
import type { NoticeTabs } from "@/lib/sync/notice-ports";
import type { Clock } from "@/lib/sync/ports";
import { openChannel, requestLock } from "./facilities";
import { attendedLock, browserAttention, isHeld, keepLooking, lookingLock } from "./looking";

/** Other tabs have asked by then, or heard that it is decided. */
const HELD_MS = 10_000;

const wordSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("decided"), consultationId: z.string(), messageId: z.string(), seq: z.number() }),
  z.object({ kind: z.literal("seen"), consultationId: z.string() }),
]);

export interface ClosableNoticeTabs extends NoticeTabs {
  close(): void;
}

/** The tabs of one person, by Web Locks and a broadcast channel: ids only, and nothing that outlives them. */
export function createNoticeTabs(viewerId: string, clock: Clock): ClosableNoticeTabs {
  const channel = openChannel(`murph-notices-${viewerId}`);
  const attended = attendedLock(viewerId);
  const stopLooking = typeof window === "undefined" ? null : keepLooking(attended, browserAttention);
  return {
    isAttended: () => isHeld(attended),
    isLooking: (consultationId) => isHeld(lookingLock(viewerId, consultationId)),
    claim(messageId) {
      return new Promise((resolve) => {
        const held = (lock: Lock | null) => {
          resolve(lock !== null);
          return lock ? new Promise<void>((free) => clock.after(HELD_MS, free)) : undefined;
        };
        requestLock(`murph-notice-${messageId}`, { ifAvailable: true }, held).catch(() => resolve(true));
      });
    },
    tell: (word) => channel?.postMessage(word),
    onWord(listener) {
      const onMessage = ({ data }: MessageEvent) => {
        const word = wordSchema.safeParse(data);
        if (word.success) listener(word.data);
      };
      channel?.addEventListener("message", onMessage);
      return () => channel?.removeEventListener("message", onMessage);
    },
    close() {
      stopLooking?.();
      channel?.close();
    },
  };
}
