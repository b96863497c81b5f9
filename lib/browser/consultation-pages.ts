import type { Cancel } from "@/lib/sync/ports";
import { OverlayHistory } from "./overlay-history";
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
function isOnePage(from: string, to: string): boolean {
  return shown > 0 && [from, to].every((url) => consultationAt(new URL(url, location.origin).pathname) !== undefined);
}

let history: OverlayHistory | null = null;

/** That of this tab. */
export function overlayHistory(): OverlayHistory {
  const { lead, abandon } = pageRequests();
  history ??= new OverlayHistory(window, { isOnePage, lead, abandon });
  return history;
}

/** Where this document was loaded; read before anything else is opened in it. */
const loadedAt = typeof window === "undefined" ? null : window.location.pathname;

/** Whether this page came with the document, and nothing else has been shown in it since. */
export function isOfDocument(path: string): boolean {
  return loadedAt === null || (path === loadedAt && !history?.hasMoved);
}

/** Opens a consultation, or the list, beside what is here; false: that takes another page. */
export function openWithinPanes(path: string): boolean {
  const tab = overlayHistory();
  if (!isOnePage(tab.shown, path)) return false;
  tab.openInPlace(path);
  return true;
}

/** Loads the page that is shown anew, once the server answers. */
export function reloadPage(): void {
  void pageRequests().open(overlayHistory().shown);
}
