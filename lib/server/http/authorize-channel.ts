import "server-only";
import { parseChannelName } from "@/lib/protocol/channels";
import { withoutLastCharacters } from "@/lib/protocol/characters";
import type { User } from "@/lib/protocol/user";
import { authorizeChannel } from "@/lib/pusher/server";
import { runtime } from "@/lib/runtime";
import { AppError } from "@/lib/server/app-error";
import type { Claim } from "@/lib/server/claim";
import { checkParticipant, readViewer } from "@/lib/server/queries/read-viewer";

const MAX_PRESENCE_BYTES = 1_024;

/**
 * Signs one socket into one channel if the database says so now: nothing is remembered between two calls.
 * A channel that is not there, not ours or not theirs is refused in the same words.
 */
export async function signChannel(claim: Claim, socketId: string, channelName: string) {
  const channel = parseChannelName(channelName);
  if (!channel) {
    await readViewer(claim);
    throw new AppError("channel-not-allowed");
  }
  if (channel.family === "user") {
    const viewer = await readViewer(claim);
    if (channel.userId !== viewer.id) throw new AppError("channel-not-allowed");
    return authorizeChannel(socketId, channelName);
  }

  const viewer = await participant(claim, channel.consultationId);
  if (channel.family === "presence") return authorizeChannel(socketId, channelName, presenceMember(viewer));
  // With a master key the plain channel carries nothing: who subscribes to it would wait for ever.
  if (channel.encrypted !== runtime().publicPusher.encrypted) throw new AppError("channel-not-allowed");
  return authorizeChannel(socketId, channelName);
}

async function participant(claim: Claim, consultationId: string): Promise<User> {
  try {
    return await checkParticipant(claim, consultationId);
  } catch (error) {
    if (error instanceof AppError && error.code === "not-found") throw new AppError("channel-not-allowed");
    throw error;
  }
}

/** What the others in the room see, within Pusher's limit: the picture goes first, then the end of the name. */
function presenceMember(user: User) {
  const info = { id: user.id, name: user.name, role: user.role, image: user.image };
  const member = { user_id: user.id, user_info: info };
  const tooLong = () => Buffer.byteLength(JSON.stringify(member)) > MAX_PRESENCE_BYTES;
  if (tooLong()) info.image = null;
  while (tooLong()) info.name = withoutLastCharacters(info.name, 10);
  return member;
}
