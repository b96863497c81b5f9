/**
 * What a browser may lack, or forbid: where storage is blocked even naming it throws. Nothing else in the page names
 * these, so that each of them is asked for carefully and whoever wants one has to say what happens without it.
 */
function facility<T>(read: () => T | null | undefined): T | null {
  try {
    return read() ?? null;
  } catch {
    return null;
  }
}

type TabStorage = Pick<Storage, "getItem" | "setItem">;

export function hasIndexedDb(): boolean {
  return facility(() => globalThis.indexedDB) !== null;
}

/** Not on a page without TLS. */
export function hasSubtleCrypto(): boolean {
  return facility(() => globalThis.crypto.subtle) !== null;
}

/** Not on a page without TLS, where each tab knows only of itself. */
export function hasLocks(): boolean {
  return facility(() => globalThis.navigator.locks) !== null;
}

/** As `navigator.locks.request`; refused, where there are none, like everything that it refuses: by rejecting. */
export async function requestLock(
  name: string,
  options: LockOptions,
  held: (lock: Lock | null) => Promise<void> | undefined,
): Promise<void> {
  await navigator.locks.request(name, options, held);
}

/** The names of those that are held, in whichever tab; null where that cannot be known. */
export async function heldLocks(): Promise<readonly string[] | null> {
  try {
    const { held } = await navigator.locks.query();
    return held?.flatMap(({ name }) => name ?? []) ?? [];
  } catch {
    return null;
  }
}

/** What the tabs of this browser tell each other; null: each is alone. A server must leave nothing open. */
export function openChannel(name: string): BroadcastChannel | null {
  return typeof window === "undefined" ? null : facility(() => new BroadcastChannel(name));
}

export function canOpenChannels(): boolean {
  const channel = openChannel("murph-probe");
  channel?.close();
  return channel !== null;
}

/** Never throws: a browser that keeps nothing has nothing. */
function careful(read: () => Storage): TabStorage {
  return {
    getItem: (key) => facility(() => read().getItem(key)),
    setItem: (key, value) => facility(() => read().setItem(key, value)),
  };
}

export const tabStorage = careful(() => sessionStorage);
export const deviceStorage = careful(() => localStorage);

/** The browser's own notices, outside of the page. */
export function notificationPermission(): NotificationPermission | "unsupported" {
  return facility(() => Notification.permission) ?? "unsupported";
}

export async function requestNotificationPermission(): Promise<NotificationPermission | "unsupported"> {
  try {
    return await Notification.requestPermission();
  } catch {
    return notificationPermission();
  }
}

/** null: the browser does not show it. Chrome on Android has the constructor and refuses it. */
export function showNotification(title: string, options: NotificationOptions): Notification | null {
  return facility(() => new Notification(title, options));
}

/** A page that nobody has touched may not be heard. */
export function maySound(): boolean {
  return facility(() => typeof AudioContext !== "undefined" && navigator.userActivation.hasBeenActive) === true;
}

export function writeCookie(line: string): void {
  facility(() => {
    // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is not in every browser we serve.
    document.cookie = line;
  });
}

/** Once the browser has nothing more urgent to do; Safari does not say when that is. */
export function atRest(run: () => void): () => void {
  if (typeof requestIdleCallback === "function") {
    const handle = requestIdleCallback(run, { timeout: 2_000 });
    return () => cancelIdleCallback(handle);
  }
  const timer = setTimeout(run, 500);
  return () => clearTimeout(timer);
}
