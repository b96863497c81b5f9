import type { App } from "./app";
import { RestError } from "./rest-error";

export interface ChannelInfo {
  user_count?: number;
  subscription_count?: number;
}

const attributes = new Set(["user_count", "subscription_count"]);

/** The comma-separated `info` parameter. */
export function readInfo(info: unknown): ReadonlySet<string> {
  if (info === undefined || info === null || info === "") return new Set();
  if (typeof info !== "string") throw new RestError(400, "info must be a comma-separated list");
  const names = info.split(",").map((name) => name.trim());
  const unknown = names.find((name) => !attributes.has(name));
  if (unknown !== undefined) throw new RestError(400, "info may ask for user_count and subscription_count");
  return new Set(names);
}

export function channelInfo(app: App, channel: string, info: ReadonlySet<string>): ChannelInfo {
  const answer: ChannelInfo = {};
  if (info.has("user_count")) answer.user_count = app.channels.userCount(channel);
  if (info.has("subscription_count")) answer.subscription_count = app.channels.subscriptionCount(channel);
  return answer;
}
