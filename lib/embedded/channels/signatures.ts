import { createHash, createHmac, timingSafeEqual } from "node:crypto";

/** One app: clients know the key, only servers know the secret. */
export interface Credentials {
  appId: string;
  key: string;
  secret: string;
}

/** HMAC-SHA256 as lower-case hex: the one primitive of the protocol. */
export function sign(credentials: Credentials, text: string | Buffer): string {
  return createHmac("sha256", credentials.secret).update(text).digest("hex");
}

export function md5(body: Buffer): string {
  return createHash("md5").update(body).digest("hex");
}

/** Compares in a time that depends on the lengths only. */
export function sameText(expected: string, given: string): boolean {
  const left = Buffer.from(expected);
  const right = Buffer.from(given);
  return left.length === right.length && timingSafeEqual(left, right);
}

/** The text a channel authorisation signs. It names the socket, so it is worth nothing on any other. */
export function isChannelAuth(
  credentials: Credentials,
  auth: string,
  socketId: string,
  channel: string,
  channelData?: string,
): boolean {
  const text = channelData === undefined ? `${socketId}:${channel}` : `${socketId}:${channel}:${channelData}`;
  return sameText(`${credentials.key}:${sign(credentials, text)}`, auth);
}

export function isUserAuth(credentials: Credentials, auth: string, socketId: string, userData: string): boolean {
  return sameText(`${credentials.key}:${sign(credentials, `${socketId}::user::${userData}`)}`, auth);
}
