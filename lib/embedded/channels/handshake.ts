import { CLOSE, type CloseReason } from "./close-codes";
import { parseTarget } from "./request-target";

const OLDEST_PROTOCOL = 5;
const NEWEST_PROTOCOL = 7;
const versionPattern = /^\d+(\.\d+)*([-+][0-9A-Za-z.+-]+)?$/;

/** Judges the URL of a WebSocket upgrade; null when it may connect. */
export function judgeHandshake(target: string | undefined, key: string): CloseReason | null {
  const url = parseTarget(target);
  if (!url) return CLOSE.pathNotFound;
  const { pathname, searchParams } = url;
  const [, root, givenKey, ...rest] = pathname.split("/");
  if (root !== "app" || !givenKey || rest.some((part) => part !== "")) return CLOSE.pathNotFound;
  if (givenKey !== encodeURIComponent(key)) return CLOSE.unknownKey;
  const protocol = searchParams.get("protocol");
  if (!protocol) return CLOSE.noProtocol;
  if (!/^\d+$/.test(protocol)) return CLOSE.invalidVersion;
  if (Number(protocol) < OLDEST_PROTOCOL || Number(protocol) > NEWEST_PROTOCOL) return CLOSE.unsupportedProtocol;
  const version = searchParams.get("version");
  if (version && !versionPattern.test(version)) return CLOSE.invalidVersion;
  return null;
}
