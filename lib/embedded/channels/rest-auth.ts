import { RestError } from "./rest-error";
import { type Credentials, md5, sameText, sign } from "./signatures";

const CLOCK_TOLERANCE_SECONDS = 600;

export interface SignedRequest {
  method: string;
  path: string;
  query: URLSearchParams;
  body: Buffer;
}

/** Throws unless the request was signed with the secret, lately, over exactly this method, path, query and body. */
export function checkRestSignature(credentials: Credentials, request: SignedRequest, now = Date.now()): void {
  const { method, path, query, body } = request;
  const parameter = (name: string) => {
    const value = query.get(name);
    if (!value) throw new RestError(401, `Authentication parameter missing: ${name}`);
    return value;
  };
  const key = parameter("auth_key");
  const version = parameter("auth_version");
  const timestamp = parameter("auth_timestamp");
  const signature = parameter("auth_signature");
  if (version !== "1.0") throw new RestError(401, "auth_version must be 1.0");
  if (!sameText(credentials.key, key)) throw new RestError(401, "Unknown auth_key");

  const signed = [...query]
    .filter(([name]) => name !== "auth_signature")
    .map(([name, value]) => [name.toLowerCase(), value] as const)
    .sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0))
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
  // The SDK signs the path before its HTTP library percent-encodes it.
  const paths = new Set([path, decodePath(path)]);
  const genuine = [...paths].some((each) => sameText(sign(credentials, `${method}\n${each}\n${signed}`), signature));
  if (!genuine) throw new RestError(401, "Invalid signature");

  // Judged only now, so that nobody without the secret can probe the server's clock.
  const age = /^\d{1,12}$/.test(timestamp) ? Math.abs(now / 1_000 - Number(timestamp)) : Number.POSITIVE_INFINITY;
  if (age > CLOCK_TOLERANCE_SECONDS) {
    throw new RestError(
      401,
      `Timestamp expired: given timestamp (${timestamp}) not within ${CLOCK_TOLERANCE_SECONDS}s of server time (${Math.floor(now / 1_000)})`,
    );
  }
  if (body.length > 0 && !sameText(md5(body), parameter("body_md5"))) {
    throw new RestError(401, "body_md5 does not match the body");
  }
}

export function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw new RestError(400, "Malformed path");
  }
}
