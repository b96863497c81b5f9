import "server-only";

const HOME = "/consultations";

/**
 * The page of ours that an address leads to, as path and query, or null. Browsers drop tabs, turn backslashes round and
 * resolve dots before they look where an address leads: what they will make of it is judged, not how it is written.
 */
export function ownPage(address: unknown, origin: string): string | null {
  if (typeof address !== "string" || !URL.canParse(address, origin)) return null;
  const { pathname, search } = new URL(address, origin);
  if (new URL(address, origin).origin !== origin || pathname === "/api" || pathname.startsWith("/api/")) return null;
  return isPlain(pathname, origin) && isPlain(decoded(pathname), origin) ? `${pathname}${search}` : null;
}

/** Where somebody goes who has signed in: where they wanted to, else home. */
export function pageAfterSignIn(address: unknown, origin: string): string {
  const page = ownPage(address, origin);
  return page === null || page === "/" || /^\/(\?|sign-in)/.test(page) ? HOME : page;
}

/** Whether a path is one that every reading leaves as it is: none of our pages has an empty part, and `//x` is a host. */
function isPlain(path: string | null, origin: string): boolean {
  if (!path?.startsWith("/") || /\/\/|[\\\t\r\n]/.test(path) || !URL.canParse(path, origin)) return false;
  const { origin: itsOrigin, pathname } = new URL(path, origin);
  return itsOrigin === origin && !pathname.includes("//");
}

/** As somebody on the way might read it who decodes once more. */
function decoded(path: string): string | null {
  try {
    return decodeURIComponent(path);
  } catch {
    return null;
  }
}
