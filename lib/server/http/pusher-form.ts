import "server-only";
import { AppError } from "@/lib/server/app-error";

const SOCKET_ID = /^\d{1,20}\.\d{1,20}$/;
const CHANNEL_NAME = /^[A-Za-z0-9_\-=@,.;]{1,200}$/;

/** A socket's id as Pusher makes them. What is signed is `socket:channel`, so no other character may slip in. */
export function socketIdOf(fields: URLSearchParams): string {
  return onlyField(fields, "socket_id", SOCKET_ID);
}

export function channelNameOf(fields: URLSearchParams): string {
  return onlyField(fields, "channel_name", CHANNEL_NAME);
}

function onlyField(fields: URLSearchParams, name: string, pattern: RegExp): string {
  const [value, ...more] = fields.getAll(name);
  if (value === undefined || more.length > 0 || !pattern.test(value)) {
    throw new AppError("malformed-request", { details: { field: name } });
  }
  return value;
}
