/** A message ready for the wire: serialised once, however many sockets it goes to. */
export type Frame = Buffer;

export interface OutboundEvent {
  event: string;
  channel?: string;
  data?: unknown;
  user_id?: string;
}

export function encodeFrame(event: OutboundEvent): Frame {
  return Buffer.from(JSON.stringify(event));
}

/** `data` of the protocol's own events is a JSON text inside the JSON message. */
export function encodeProtocolFrame(event: string, data: unknown, channel?: string): Frame {
  return encodeFrame(
    channel === undefined ? { event, data: JSON.stringify(data) } : { event, channel, data: JSON.stringify(data) },
  );
}

/** `code` is null where the protocol has none; the connection goes on. */
export function encodeError(code: number | null, message: string): Frame {
  return encodeFrame({ event: "pusher:error", data: { code, message } });
}

export interface InboundMessage {
  event: string;
  channel: unknown;
  data: unknown;
}

/** One message from a client; a string says what is wrong with it. */
export function decodeMessage(text: string): InboundMessage | string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return "Message is not valid JSON";
  }
  if (!isRecord(parsed)) return "Message is not a JSON object";
  if (typeof parsed.event !== "string" || parsed.event === "") return "Message has no event name";
  return { event: parsed.event, channel: parsed.channel, data: parsed.data };
}

/** `data` as an object, whether it came as one or as JSON text; null when it is neither. */
export function dataRecord(data: unknown): Record<string, unknown> | null {
  const value = typeof data === "string" ? parseJson(data) : data;
  return isRecord(value) ? value : null;
}

/** Undefined for what is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
