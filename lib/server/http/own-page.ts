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
  const page = `${pathname}${search}`;
  return leadsTo(page, origin) && leadsTo(decoded(pathname), origin) ? page : null;
}

/** Where somebody goes who has signed in: where they wanted to, else home. */
export function pageAfterSignIn(address: unknown, origin: string): string {
  const page = ownPage(address, origin);
  return page === null || page === "/" || /^\/(\?|sign-in)/.test(page) ? HOME : page;
}

/** Whether a path leads to this origin, and what it is resolved to does too: `/.//elsewhere` becomes `//elsewhere`. */
function leadsTo(path: string | null, origin: string): boolean {
  for (let reading = path, times = 0; times < 2; times++) {
    if (!reading?.startsWith("/") || !URL.canParse(reading, origin)) return false;
    const url = new URL(reading, origin);
    if (url.origin !== origin) return false;
    reading = url.pathname;
  }
  return true;
}

/** As somebody on the way might read it who decodes once more. */
function decoded(path: string): string | null {
  try {
    return decodeURIComponent(path);
  } catch {
    return null;
  }
}
