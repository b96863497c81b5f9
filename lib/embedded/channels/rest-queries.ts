import type { App } from "./app";
import { channelKind, isChannelName } from "./names";
import { RestError } from "./rest-error";
import { channelInfo, readInfo } from "./rest-info";

/** `GET /channels`: the occupied channels, perhaps of one prefix. */
export function listChannels(app: App, query: URLSearchParams): Record<string, unknown> {
  const prefix = query.get("filter_by_prefix") ?? "";
  const info = readInfo(query.get("info"));
  if (info.has("user_count") && !prefix.startsWith("presence-")) {
    throw new RestError(
      400,
      "user_count may only be requested for presence channels: filter_by_prefix must begin with presence-",
    );
  }
  const names = [...app.channels.names()].filter((name) => name.startsWith(prefix));
  return { channels: Object.fromEntries(names.map((name) => [name, channelInfo(app, name, info)])) };
}

/** `GET /channels/{name}` */
export function readChannel(app: App, channel: string, query: URLSearchParams): Record<string, unknown> {
  const info = readInfo(query.get("info"));
  requireChannelName(app, channel);
  if (info.has("user_count") && channelKind(channel) !== "presence") {
    throw new RestError(400, "user_count may only be requested for presence channels");
  }
  return { occupied: app.channels.isOccupied(channel), ...channelInfo(app, channel, info) };
}

/** `GET /channels/{name}/users` */
export function listUsers(app: App, channel: string): Record<string, unknown> {
  requireChannelName(app, channel);
  if (channelKind(channel) !== "presence") {
    throw new RestError(400, "Users can only be retrieved for presence channels");
  }
  return { users: app.channels.members(channel).map(({ userId }) => ({ id: userId })) };
}

function requireChannelName(app: App, channel: string): void {
  if (!isChannelName(channel, app.limits)) throw new RestError(400, "Invalid channel name");
}
