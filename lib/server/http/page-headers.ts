import "server-only";
import { runtime } from "@/lib/runtime";
import { publicOrigin } from "./origin";
import { isSecretPath } from "./secret-path";

/** Headers of every page. Scripts run by nonce only; the one foreign address is the Pusher host, where there is one. */
export function pageHeaders(requestHeaders: Headers, path: string, nonce: string): Record<string, string> {
  return {
    "Content-Security-Policy": contentSecurityPolicy(requestHeaders, nonce),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    // Where the path is a secret, what its page asks for says no more than where we are. (Not "no-referrer":
    // browsers then post its form without an origin.)
    "Referrer-Policy": isSecretPath(path) ? "strict-origin" : "same-origin",
    "X-Content-Type-Options": "nosniff",
  };
}

function contentSecurityPolicy(requestHeaders: Headers, nonce: string): string {
  const { production } = runtime().env;
  // React's development build evaluates code and the dev overlay brings its own styles.
  const script = `'self' 'nonce-${nonce}' 'strict-dynamic'${production ? "" : " 'unsafe-eval'"}`;
  const style = production ? `'self' 'nonce-${nonce}'` : "'self' 'unsafe-inline'";
  return [
    "default-src 'self'",
    `script-src ${script}`,
    `style-src ${style}`,
    "style-src-attr 'unsafe-inline'",
    `connect-src 'self' ${socketSource(requestHeaders)}`,
    "img-src 'self' data: blob:",
    "font-src 'self' data:",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join("; ");
}

/** Named even when it is our own host: older Safari does not count sockets among 'self'. */
function socketSource(requestHeaders: Headers): string {
  const { wsHost, wsPort, forceTLS } = runtime().publicPusher;
  if (wsHost === null) return publicOrigin(requestHeaders).replace(/^http/, "ws");
  const usual = wsPort === null || wsPort === (forceTLS ? 443 : 80);
  return `${forceTLS ? "wss" : "ws"}://${wsHost}${usual ? "" : `:${wsPort}`}`;
}
