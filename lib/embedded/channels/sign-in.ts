import type { App } from "./app";
import type { Member } from "./channel-registry";
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
  const user = typeof userData === "string" ? signedUser(app, connection, data?.auth, userData) : null;
  if (user === null) {
    connection.close(CLOSE.unauthorized);
    return null;
  }
  if (connection.user !== null && connection.user.userId !== user.userId) {
    return encodeError(null, "The connection is signed in as somebody else");
  }
  app.users.signIn(connection, user);
  connection.authorized = true;
  return encodeProtocolFrame("pusher:signin_success", { user_data: userData });
}

function signedUser(app: App, connection: Connection, auth: unknown, userData: string): Member | null {
  if (typeof auth !== "string" || !isUserAuth(app.credentials, auth, connection.id, userData)) return null;
  const user = parseJson(userData);
  if (!isRecord(user) || typeof user.id !== "string" || user.id === "") return null;
  return { userId: user.id, userInfo: user.user_info ?? null };
}
