import type { Page } from "playwright-core";

/**
 * What a thief of the browser profile could search: every row that IndexedDB keeps for this origin, by database and
 * store, its bytes read as UTF-8 and UTF-16, and the two small storages beside it.
 */
export async function storedOnDevice(page: Page): Promise<Record<string, string[]>> {
  return page.evaluate(async () => {
    const done = <T>(request: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    const read = (value: unknown): string => {
      if (value instanceof ArrayBuffer) return read(new Uint8Array(value));
      if (ArrayBuffer.isView(value)) {
        const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
        return `${new TextDecoder().decode(bytes)} ${new TextDecoder("utf-16le").decode(bytes)}`;
      }
      if (value instanceof CryptoKey) return value.extractable ? "an extractable key" : "a key";
      if (typeof value === "object" && value !== null) return Object.values(value).map(read).join(" ");
      return String(value);
    };
    const rows: Record<string, string[]> = {
      sessionStorage: Object.values({ ...sessionStorage }),
      localStorage: Object.values({ ...localStorage }),
    };
    for (const { name = "" } of await indexedDB.databases()) {
      const database = await done(indexedDB.open(name));
      for (const store of database.objectStoreNames) {
        const all = await done(database.transaction(store).objectStore(store).getAll());
        rows[`${name}/${store}`] = all.map(read);
      }
      database.close();
    }
    return rows;
  });
}

/** How many drafts the device keeps. */
export function keptDrafts(page: Page): Promise<number> {
  return page.evaluate(async () => {
    const done = <T>(request: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    const database = await done(indexedDB.open("murph"));
    const rows = await done(database.transaction("commands").objectStore("commands").getAll());
    database.close();
    return rows.filter(({ kind }) => kind === "draft").length;
  });
}
