import type { App } from "./app";
import { encodeFrame, isRecord, parseJson } from "./frames";
import { channelKind, isChannelName, isReservedEvent, isSocketId, userOfChannel } from "./names";
import { RestError } from "./rest-error";
import { type ChannelInfo, channelInfo, readInfo } from "./rest-info";

interface Trigger {
  name: string;
  data: string;
  channels: string[];
  socketId: string | undefined;
  info: ReadonlySet<string>;
}

/** `POST /events`: one event to one or many channels. */
export function triggerEvent(app: App, query: URLSearchParams, body: Buffer): Record<string, unknown> {
  const trigger = readTrigger(app, { ...readParameters(query), ...(body.length > 0 && readObject(body)) });
  publish(app, trigger);
  if (trigger.info.size === 0) return {};
  return { channels: Object.fromEntries(trigger.channels.map((channel) => [channel, infoOf(app, trigger, channel)])) };
}

/** `POST /batch_events`: several events at once. All are checked before the first one goes out. */
export function triggerBatch(app: App, body: Buffer): Record<string, unknown> {
  const { batch } = readObject(body);
  if (!Array.isArray(batch) || batch.length === 0) throw new RestError(400, "batch must be a list of events");
  if (batch.length > app.limits.eventsPerBatch) {
    throw new RestError(400, `A batch may have ${app.limits.eventsPerBatch} events, not ${batch.length}`);
  }
  const triggers = batch.map((each: unknown) => {
    if (!isRecord(each) || typeof each.channel !== "string")
      throw new RestError(400, "Each event of a batch has a channel");
    return readTrigger(app, { ...each, channels: undefined });
  });
  for (const trigger of triggers) publish(app, trigger);
  if (triggers.every(({ info }) => info.size === 0)) return {};
  return { batch: triggers.map((trigger) => infoOf(app, trigger, trigger.channels[0] ?? "")) };
}

function publish(app: App, { name, data, channels, socketId }: Trigger): void {
  for (const channel of channels) {
    const userId = userOfChannel(channel);
    if (userId === null) app.channels.publishEvent(channel, name, data, socketId);
    else if (app.users.isConnected(userId)) {
      app.users.send(userId, encodeFrame({ event: name, channel, data }), socketId);
    }
  }
}

function infoOf(app: App, { info }: Trigger, channel: string): ChannelInfo {
  if (channelKind(channel) === "presence") return channelInfo(app, channel, info);
  return channelInfo(app, channel, new Set([...info].filter((name) => name !== "user_count")));
}

function readTrigger(app: App, input: Record<string, unknown>): Trigger {
  const { limits } = app;
  const { name, data, channel, socket_id: socketId } = input;
  if (typeof name !== "string" || name === "") throw new RestError(400, "The event has no name");
  if (name.length > limits.eventNameLength) {
    throw new RestError(400, `Event name too long: ${limits.eventNameLength} characters at most`);
  }
  if (isReservedEvent(name)) throw new RestError(400, "Event names that begin with pusher: are reserved");
  if (typeof data !== "string") throw new RestError(400, "data must be a string");
  if (Buffer.byteLength(data) > limits.eventDataBytes) {
    throw new RestError(
      413,
      `The data content of this event exceeds the allowed maximum (${limits.eventDataBytes} bytes)`,
    );
  }
  const channels: unknown = input.channels ?? (channel === undefined ? undefined : [channel]);
  if (!Array.isArray(channels) || channels.length === 0) throw new RestError(400, "The event has no channels");
  if (channels.length > limits.channelsPerTrigger) {
    throw new RestError(400, `An event may go to ${limits.channelsPerTrigger} channels, not ${channels.length}`);
  }
  const names = channels.map((each: unknown) => {
    const known = typeof each === "string" && (userOfChannel(each) !== null || isChannelName(each, limits));
    if (!known) throw new RestError(400, "Invalid channel name");
    return each;
  });
  if (socketId !== undefined && socketId !== null && (typeof socketId !== "string" || !isSocketId(socketId))) {
    throw new RestError(400, "Invalid socket_id");
  }
  return {
    name,
    data,
    channels: [...new Set(names)],
    socketId: socketId ?? undefined,
    info: readInfo(input.info),
  };
}

/** Parameters may stand in the query string, an array as `channels[]=one&channels[]=two`; the body goes first. */
function readParameters(query: URLSearchParams): Record<string, unknown> {
  const { "channels[]": _listed, ...single } = Object.fromEntries(query);
  const channels = query.getAll("channels[]");
  return channels.length > 0 ? { ...single, channels } : single;
}

function readObject(body: Buffer): Record<string, unknown> {
  const value = parseJson(body.toString());
  if (!isRecord(value)) throw new RestError(400, "The body must be a JSON object");
  return value;
}
