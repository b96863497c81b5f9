import type { Member } from "./channel-registry";
import { isRecord, parseJson } from "./frames";
import type { Limits } from "./limits";

/**
 * The person in the signed `channel_data` of a presence channel; where the app left that out, the one whom the socket
 * signed in as. A string says what is wrong.
 */
export function readMember(channelData: string | undefined, user: Member | null, limits: Limits): Member | string {
  if (channelData === undefined) {
    return user === null ? "channel_data is missing and the socket is not signed in" : judge(user, limits);
  }
  const data = parseJson(channelData);
  if (!isRecord(data)) return "channel_data is not a JSON object";
  const { user_id: id, user_info: userInfo = null } = data;
  if ((typeof id !== "string" && typeof id !== "number") || id === "") return "channel_data has no user_id";
  return judge({ userId: String(id), userInfo }, limits);
}

function judge(member: Member, limits: Limits): Member | string {
  if (member.userId.length > limits.presenceUserIdLength) {
    return `user_id is longer than ${limits.presenceUserIdLength} characters`;
  }
  if (Buffer.byteLength(JSON.stringify(member.userInfo)) > limits.presenceUserInfoBytes) {
    return `user_info is larger than ${limits.presenceUserInfoBytes} bytes`;
  }
  return member;
}
