import "server-only";
import * as z from "zod";
import { parseChannelName } from "@/lib/protocol/channels";
import { lookAgain } from "./ask";

const webhookSchema = z.object({ events: z.array(z.unknown()) });
const occupancySchema = z.object({ name: z.enum(["channel_occupied", "channel_vacated"]), channel: z.string() });

/**
 * Takes a genuine webhook as what it is, a hint about whom to ask after (F35). Which of the two it says, how old it is
 * and how often it came make no difference.
 */
export function heardFromProvider(body: Buffer): void {
  const webhook = webhookSchema.safeParse(parseJson(body));
  if (!webhook.success) return;
  lookAgain(
    webhook.data.events.flatMap((event) => {
      const occupancy = occupancySchema.safeParse(event);
      const channel = occupancy.success ? parseChannelName(occupancy.data.channel) : null;
      return channel?.family === "user" ? [channel.userId] : [];
    }),
  );
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    return null;
  }
}
