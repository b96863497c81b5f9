/** A message counts once, and once more for every 2 KiB of it. */
export interface MessageRate {
  atOnce: number;
  perSecond: number;
}

/** What one app may ask of the server. Defaults are the hosted service's figures where it publishes one. */
export interface Limits {
  channelNameLength: number;
  eventNameLength: number;
  /** UTF-8 bytes of the `data` of one event, from the REST API and from clients alike. */
  eventDataBytes: number;
  channelsPerTrigger: number;
  eventsPerBatch: number;
  /** People, not sockets, in one presence channel. */
  presenceMembers: number;
  presenceUserIdLength: number;
  presenceUserInfoBytes: number;
  clientEventsPerSecond: number;
  /** A longer WebSocket message ends the connection with 1009. */
  inboundFrameBytes: number;
  /** More frames of one message end the connection with 1008: each costs as much as a message and would not be counted. */
  inboundFragments: number;
  /** What a socket may say, control frames included; whoever says more is cut. */
  inbound: MessageRate;
  /** The same until a socket has proved that the app knows it, where that is asked for. */
  inboundUnauthorized: MessageRate;
  requestBodyBytes: number;
  /** A socket that lets more than this pile up unread is cut: memory is bounded by the reader's speed, not by trust. */
  bufferedBytes: number;
  connections: number;
  /** Of one address other than this machine's own, which stands for everybody behind the app. */
  connectionsPerAddress: number;
  subscriptionsPerConnection: number;
  webhookEventsPerRequest: number;
  /** Undelivered webhook events kept while the receiver is away; the oldest go first. */
  webhookBacklog: number;
}

export const DEFAULT_LIMITS: Limits = {
  channelNameLength: 164,
  eventNameLength: 200,
  eventDataBytes: 10_240,
  channelsPerTrigger: 100,
  eventsPerBatch: 10,
  presenceMembers: 100,
  presenceUserIdLength: 128,
  presenceUserInfoBytes: 1_024,
  clientEventsPerSecond: 10,
  inboundFrameBytes: 65_536,
  inboundFragments: 16,
  // At once: every channel a socket may have, again after a reconnect. A second: ten client events of full size.
  inbound: { atOnce: 1_200, perSecond: 100 },
  inboundUnauthorized: { atOnce: 60, perSecond: 2 },
  requestBodyBytes: 1_048_576,
  bufferedBytes: 1_048_576,
  connections: 10_000,
  connectionsPerAddress: 500,
  subscriptionsPerConnection: 1_000,
  webhookEventsPerRequest: 100,
  webhookBacklog: 10_000,
};

/** Every wait of the server, so that tests can prove them without waiting. */
export interface Timings {
  /** Told to clients as `activity_timeout`; the server pings a socket it has not heard for as long. */
  activityTimeoutMs: number;
  /** From that ping to close code 4201. */
  pongTimeoutMs: number;
  /** With authorised connections: time to sign in or to enter a private or presence channel. */
  authorizeWithinMs: number;
  /** From the close frame to cutting the TCP connection. */
  closeGraceMs: number;
  /** A leave becomes a webhook only if nobody came back meanwhile (reload, change of page). */
  leaveDelayMs: number;
  /** Collects webhook events that happen together into one request. */
  webhookGatherMs: number;
  webhookTimeoutMs: number;
  /** Waits between the attempts for one webhook request. */
  webhookRetryMs: readonly number[];
  /** How long `close()` may spend on webhooks still to be sent. */
  webhookFlushMs: number;
}

export const DEFAULT_TIMINGS: Timings = {
  activityTimeoutMs: 30_000,
  pongTimeoutMs: 15_000,
  authorizeWithinMs: 30_000,
  closeGraceMs: 2_000,
  leaveDelayMs: 3_000,
  webhookGatherMs: 20,
  webhookTimeoutMs: 5_000,
  webhookRetryMs: [500, 1_000, 2_000, 4_000],
  webhookFlushMs: 1_000,
};
