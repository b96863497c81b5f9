import type { Cancel } from "@/lib/sync/ports";
import { pageRequests } from "./page-requests";

export const LIST_PATH = "/consultations";
const UUID = /^\/consultations\/([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})$/i;

let shown = 0;

/** The list and every consultation are one page now: what opens them asks the server for no other one. */
export function showPanes(): Cancel {
  shown += 1;
  return () => {
    shown -= 1;
  };
}

export function consultationPath(id: string): string {
  return `${LIST_PATH}/${id}`;
}

/** Id of the consultation that is open there; null for the list alone; undefined for any other page. */
export function consultationAt(path: string): string | null | undefined {
  return path === LIST_PATH ? null : UUID.exec(path)?.[1];
}

/** Whether a step between these addresses leaves everything where it is but for what is open. */
export function isWithinPanes(from: string, to: string): boolean {
  return shown > 0 && [from, to].every((url) => consultationAt(new URL(url, location.origin).pathname) !== undefined);
}

/** Opens a consultation, or the list, beside what is here; false: that takes another page. */
export function openWithinPanes(path: string): boolean {
  if (!isWithinPanes(location.href, path)) return false;
  pageRequests().abandon();
  // Next puts its own state beside it, and tells every component where we are.
  if (path !== location.pathname) history.pushState(null, "", path);
  return true;
}
