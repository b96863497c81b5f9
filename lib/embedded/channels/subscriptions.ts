import type { App } from "./app";
import type { Member } from "./channel-registry";
import type { Connection } from "./connection";
import { dataRecord, encodeError, encodeFrame, encodeProtocolFrame, type Frame, type InboundMessage } from "./frames";
import { channelKind, isChannelName, userOfChannel } from "./names";
import { readMember } from "./presence-member";
import { isChannelAuth } from "./signatures";

/** Sent as the data of `pusher:subscription_error`, shaped like the client SDK's own error for a failed auth route. */
interface Refusal {
  type: "AuthError" | "InvalidChannelData" | "LimitReached";
  error: string;
  status: number;
}

/** `pusher:subscribe`: public channels for everybody, the others with a signature made for this very socket. */
export function subscribe(app: App, connection: Connection, message: InboundMessage): Frame {
  const data = dataRecord(message.data);
  const channel = data?.channel;
  if (!data || typeof channel !== "string") return encodeError(null, "pusher:subscribe needs a channel name");

  const userId = userOfChannel(channel);
  if (userId !== null) {
    // Events for a user go to the sockets signed in as them, so there is no room to enter.
    return connection.user?.userId === userId
      ? succeeded(channel, {})
      : refused(channel, unauthorized("Sign in to receive the events of this user"));
  }
  if (!isChannelName(channel, app.limits)) {
    return encodeError(
      null,
      `Invalid channel name: A-Z a-z 0-9 _ - = @ , . ; and ${app.limits.channelNameLength} long`,
    );
  }
  if (connection.channels.has(channel)) return encodeError(null, `Existing subscription to channel ${channel}`);
  if (connection.channels.size >= app.limits.subscriptionsPerConnection) {
    return refused(channel, limitReached(`${app.limits.subscriptionsPerConnection} channels a connection`));
  }

  const admission = admit(app, connection, channel, data);
  if ("error" in admission) return refused(channel, admission);
  if (!app.channels.join(connection, channel, admission.member)) {
    return refused(channel, limitReached(`${app.limits.presenceMembers} members a presence channel`));
  }
  return succeeded(channel, admission.member ? { presence: presenceOf(app, channel) } : {});
}

/** `pusher:unsubscribe` has no answer when it worked. */
export function unsubscribe(app: App, connection: Connection, message: InboundMessage): Frame | null {
  const channel = dataRecord(message.data)?.channel;
  if (typeof channel !== "string") return encodeError(null, "pusher:unsubscribe needs a channel name");
  if (userOfChannel(channel) !== null || app.channels.leave(connection, channel)) return null;
  return encodeError(null, "No current subscription to that channel");
}

/** Checks the authorisation the channel asks for; the person comes from its signed part only. */
function admit(
  app: App,
  connection: Connection,
  channel: string,
  data: Record<string, unknown>,
): Refusal | { member: Member | null } {
  const kind = channelKind(channel);
  if (kind === "public") return { member: null };
  const { auth } = data;
  const channelData = data.channel_data ?? undefined;
  if (typeof auth !== "string" || (channelData !== undefined && typeof channelData !== "string")) {
    return unauthorized("The channel needs an authorisation by the app");
  }
  if (!isChannelAuth(app.credentials, auth, connection.id, channel, channelData)) {
    return unauthorized("Invalid signature: not made for this socket and channel with the secret of this app");
  }
  if (kind !== "presence") {
    connection.authorized = true;
    return { member: null };
  }
  const member = readMember(channelData, connection.user, app.limits);
  if (typeof member === "string") return { type: "InvalidChannelData", error: member, status: 400 };
  connection.authorized = true;
  return { member };
}

function succeeded(channel: string, data: unknown): Frame {
  return encodeProtocolFrame("pusher_internal:subscription_succeeded", data, channel);
}

function refused(channel: string, refusal: Refusal): Frame {
  return encodeFrame({ event: "pusher:subscription_error", channel, data: refusal });
}

function presenceOf(app: App, channel: string) {
  const members = app.channels.members(channel);
  return {
    count: members.length,
    ids: members.map(({ userId }) => userId),
    // fromEntries defines own properties, so that a user called "__proto__" is one of them.
    hash: Object.fromEntries(members.map(({ userId, userInfo }) => [userId, userInfo])),
  };
}

function unauthorized(error: string): Refusal {
  return { type: "AuthError", error, status: 401 };
}

function limitReached(limit: string): Refusal {
  return { type: "LimitReached", error: `Limit reached: ${limit}`, status: 4004 };
}
