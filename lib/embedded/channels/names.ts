import type { Limits } from "./limits";

export type ChannelKind = "public" | "private" | "private-encrypted" | "presence";

const channelCharacters = /^[A-Za-z0-9_\-=@,.;]+$/;
const socketIdPattern = /^\d+\.\d+$/;
const SERVER_TO_USER = "#server-to-user-";

export function isChannelName(name: string, limits: Limits): boolean {
  return name.length <= limits.channelNameLength && channelCharacters.test(name);
}

export function channelKind(name: string): ChannelKind {
  if (name.startsWith("presence-")) return "presence";
  if (name.startsWith("private-encrypted-")) return "private-encrypted";
  return name.startsWith("private-") ? "private" : "public";
}

/** The user whom `#server-to-user-{id}` means, or null for every other name. */
export function userOfChannel(name: string): string | null {
  return name.startsWith(SERVER_TO_USER) && name.length > SERVER_TO_USER.length
    ? name.slice(SERVER_TO_USER.length)
    : null;
}

export function isSocketId(value: string): boolean {
  return socketIdPattern.test(value);
}

/** Names only the protocol itself may use: an app that could send them would fake its own server. */
export function isReservedEvent(name: string): boolean {
  return name.startsWith("pusher:") || name.startsWith("pusher_internal:");
}

export function isClientEvent(name: string): boolean {
  return name.startsWith("client-");
}
