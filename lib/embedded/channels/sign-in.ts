import type { App } from "./app";
import { CLOSE } from "./close-codes";
import type { Connection } from "./connection";
import {
  dataRecord,
  encodeError,
  encodeProtocolFrame,
  type Frame,
  type InboundMessage,
  isRecord,
  parseJson,
} from "./frames";
import { isUserAuth } from "./signatures";

/** `pusher:signin`: from now on the app can reach, and end, every socket of this person. A forged one ends the socket. */
export function signIn(app: App, connection: Connection, message: InboundMessage): Frame | null {
  const data = dataRecord(message.data);
  const userData = data?.user_data;
  const userId = typeof userData === "string" ? signedUserId(app, connection, data?.auth, userData) : null;
  if (userId === null) {
    connection.close(CLOSE.unauthorized);
    return null;
  }
  if (connection.userId !== null && connection.userId !== userId) {
    return encodeError(null, "The connection is signed in as somebody else");
  }
  app.users.signIn(connection, userId);
  connection.authorized = true;
  return encodeProtocolFrame("pusher:signin_success", { user_data: userData });
}

function signedUserId(app: App, connection: Connection, auth: unknown, userData: string): string | null {
  if (typeof auth !== "string" || !isUserAuth(app.credentials, auth, connection.id, userData)) return null;
  const user = parseJson(userData);
  return isRecord(user) && typeof user.id === "string" && user.id !== "" ? user.id : null;
}
