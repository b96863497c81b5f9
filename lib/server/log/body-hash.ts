import "server-only";
import { createHmac, hkdfSync } from "node:crypto";
import type { SendMessage } from "@/lib/protocol/commands";
import { runtime } from "@/lib/runtime";

let derived: { secret: string; key: Buffer } | null = null;

/**
 * Keyed hash of a message as it was first sent: recognises a repeat after an edit or a deletion without keeping the
 * words. The key comes from NEXTAUTH_SECRET, so the table alone does not let short messages be guessed.
 */
export function hashBody(command: SendMessage): Uint8Array<ArrayBuffer> {
  const { nextAuthSecret } = runtime();
  if (derived?.secret !== nextAuthSecret) {
    derived = {
      secret: nextAuthSecret,
      key: Buffer.from(hkdfSync("sha256", nextAuthSecret, "", "murph message body", 32)),
    };
  }
  const body = JSON.stringify([command.content, command.replyToId, command.attachmentIds]);
  return Uint8Array.from(createHmac("sha256", derived.key).update(body).digest());
}
