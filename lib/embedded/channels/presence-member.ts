import type { Member } from "./channel-registry";
import { isRecord, parseJson } from "./frames";
import type { Limits } from "./limits";

/** The person in the signed `channel_data` of a presence channel; a string says what is wrong. */
export function readMember(channelData: string | undefined, limits: Limits): Member | string {
  const data = channelData === undefined ? undefined : parseJson(channelData);
  if (!isRecord(data)) return "channel_data is not a JSON object";
  const { user_id: id, user_info: userInfo = null } = data;
  if ((typeof id !== "string" && typeof id !== "number") || id === "") return "channel_data has no user_id";
  const userId = String(id);
  if (userId.length > limits.presenceUserIdLength) {
    return `user_id is longer than ${limits.presenceUserIdLength} characters`;
  }
  if (Buffer.byteLength(JSON.stringify(userInfo)) > limits.presenceUserInfoBytes) {
    return `user_info is larger than ${limits.presenceUserInfoBytes} bytes`;
  }
  return { userId, userInfo };
}
