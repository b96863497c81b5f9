import type { Page } from "playwright-core";
import { v7 as uuidV7 } from "uuid";
import { describe, expect, it } from "vitest";
import type { ChatClient } from "@/lib/browser/create-chat-client";
import { db } from "@/lib/server/db";
import { useApp } from "@/tests/support/app-world";
import { live, useBrowser, write } from "@/tests/support/browser";
import { holdSends, textsIn, writeOffline } from "@/tests/support/chat-page";
import { createWorld } from "@/tests/support/world";

const app = useApp();
const { visit, join } = useBrowser(app);
const PATIENCE = { timeout: 10_000 };

interface KeptRow {
  serial: number;
  id: string;
  kind: string;
  queuedAt: string | null;
  parked: string | null;
  sealed: string;
}

/** The commands as they lie in IndexedDB, what is sealed as Latin-1. */
function keptRows(page: Page): Promise<KeptRow[]> {
  return page.evaluate(async () => {
    const done = <T>(request: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    const database = await done(indexedDB.open("murph"));
    const rows = await done(database.transaction("commands").objectStore("commands").getAll());
    database.close();
    const commands = rows.filter((row) => row.kind !== "draft");
    return commands.map((row) => ({ ...row, sealed: new TextDecoder("latin1").decode(row.sealed) }));
  });
}

/** Writes over the rows, in their order. */
function patchRows(page: Page, patches: readonly Record<string, unknown>[]): Promise<void> {
  return page.evaluate(async (wanted) => {
    const done = <T>(request: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    const database = await done(indexedDB.open("murph"));
    const commands = database.transaction("commands", "readwrite").objectStore("commands");
    const rows = (await done(commands.getAll())).filter((row) => row.kind !== "draft");
    for (const row of rows) await done(commands.delete(row.serial));
    for (const [index, row] of rows.entries()) await done(commands.put({ ...row, ...wanted[index] }));
    database.close();
  }, patches);
}

describe("SND5 at rest", () => {
  it("SND5 words are sealed by a key that cannot be taken out, each time differently, and open in their place only", async () => {
    const { patient, consultationId } = await createWorld();
    const { page, context, provoked } = await join(patient, consultationId);
    provoked.push("net::");
    await writeOffline(page, ["the same secret", "another secret"]);
    await write(page, "the same secret");
    await expect.poll(() => keptRows(page)).toHaveLength(3);
    const rows = await keptRows(page);
    expect(JSON.stringify(rows)).not.toContain("secret");
    expect(new Set(rows.map(({ sealed }) => sealed)).size).toBe(3);
    expect(rows.map(({ serial }) => serial)).toEqual([...rows.map(({ serial }) => serial)].sort((a, b) => a - b));
    const exported = await page.evaluate(
      () =>
        new Promise((resolve) => {
          indexedDB.open("murph").onsuccess = ({ target }) => {
            const database = (target as IDBOpenDBRequest).result;
            database.transaction("owners").objectStore("owners").getAll().onsuccess = (event) => {
              const [{ key }] = (event.target as IDBRequest).result;
              database.close();
              crypto.subtle.exportKey("raw", key).then(
                () => resolve("exported"),
                (error: DOMException) => resolve(error.name),
              );
            };
          };
        }),
    );
    expect(exported).toBe("InvalidAccessError");

    // Two rows exchange their places: neither opens there, the third is sent as it is.
    await patchRows(page, [{ id: rows[1]?.id }, { id: rows[0]?.id }]);
    const release = await holdSends(context);
    await page.reload();
    await page.getByRole("log").getByText("the same secret").waitFor();
    await release();
    await expect.poll(() => textsIn(consultationId), PATIENCE).toEqual(["the same secret"]);
  });
});

describe("SND1 what is kept is sent", () => {
  it("SND1 F23 from another page than the one it was written on, after a reload", async () => {
    const { patient, consultationId } = await createWorld();
    const { page, context, provoked } = await join(patient, consultationId);
    provoked.push("net::");
    await writeOffline(page, ["one", "two", "three"]);
    const release = await holdSends(context);
    await page.goto(`${app.baseUrl}/settings`);
    await release();
    await expect.poll(() => textsIn(consultationId), PATIENCE).toEqual(["one", "two", "three"]);
    await expect.poll(() => keptRows(page)).toEqual([]);
  });

  it("SND5 F20 is a draft after 24 hours by the server's clock, whatever the clock here says, and goes once the person says so", async () => {
    const { patient, consultationId } = await createWorld();
    const { page, context, provoked } = await join(patient, consultationId);
    provoked.push("net::");
    await writeOffline(page, ["of yesterday", "behind it"]);
    const [row] = await keptRows(page);
    expect(Math.abs(Date.parse(row?.queuedAt ?? "") - Date.now())).toBeLessThan(30_000);
    await patchRows(page, [{ queuedAt: new Date(Date.now() - 25 * 3_600_000).toISOString() }]);
    const release = await holdSends(context);
    // This computer believes that it is three days ago.
    await page.clock.setSystemTime(Date.now() - 3 * 24 * 3_600_000);
    await page.reload();
    await release();
    const retry = page.getByRole("log").getByRole("button", { name: /try again/i });
    await retry.first().waitFor();
    expect((await keptRows(page)).map(({ parked }) => parked)).toEqual(["too-old", null]);
    expect(await textsIn(consultationId)).toEqual([]);
    await retry.first().click();
    await expect.poll(() => textsIn(consultationId), PATIENCE).toEqual(["of yesterday", "behind it"]);
  });
});

describe("SND2 one flusher among tabs", () => {
  it("SND2 F18 while another tab holds the lock nothing is sent, and everything once it dies", async () => {
    const { patient, consultationId } = await createWorld();
    const { page, context } = await join(patient, consultationId);
    const holder = await context.newPage();
    await holder.goto(`${app.baseUrl}/api/pusher/config`);
    const name = `murph-queue/${patient.userId}/${consultationId}`;
    await holder.evaluate(
      (lock) =>
        new Promise<void>((held) => {
          void navigator.locks.request(lock, () => {
            held();
            return new Promise(() => {});
          });
        }),
      name,
    );
    await page.bringToFront();
    await write(page, "waits for the lock");
    await page.getByRole("log").getByText("waits for the lock").waitFor();
    await expect
      .poll(() => page.evaluate(async () => (await navigator.locks.query()).pending?.map((lock) => lock.name)))
      .toEqual([name]);
    expect(await textsIn(consultationId)).toEqual([]);
    await holder.close();
    await expect.poll(() => textsIn(consultationId), PATIENCE).toEqual(["waits for the lock"]);
    await expect
      .poll(() => page.evaluate(async () => (await navigator.locks.query()).held?.map((lock) => lock.name)))
      .not.toContain(name);
  });
});

describe("storage that changes under a tab", () => {
  it("F38 a newer bundle's tab may upgrade it and leave what this one does not know", async () => {
    const { patient, consultationId } = await createWorld();
    const { page, provoked } = await join(patient, consultationId);
    provoked.push("net::");
    await writeOffline(page, ["before the upgrade"]);
    await page.evaluate(
      () =>
        new Promise<void>((upgraded, failed) => {
          const opening = indexedDB.open("murph", 7);
          opening.onupgradeneeded = () => opening.result.createObjectStore("later");
          opening.onblocked = () => failed(new Error("The app holds on to its connection"));
          opening.onsuccess = () => {
            const commands = opening.result.transaction("commands", "readwrite").objectStore("commands");
            commands.getAll().onsuccess = ({ target }) => {
              const [{ serial, ...row }] = (target as IDBRequest).result;
              commands.add({ ...row, id: "newer", queuedAt: `after ${serial}`, format: 9 }).onsuccess = () => {
                opening.result.close();
                upgraded();
              };
            };
          };
        }),
    );
    await write(page, "after it");
    await page.getByRole("log").getByText("after it").waitFor();
    const release = await holdSends(page.context());
    await page.reload();
    await page.getByRole("log").getByText("after it").waitFor();
    await release();
    await expect.poll(() => textsIn(consultationId), PATIENCE).toEqual(["before the upgrade", "after it"]);
    await expect.poll(async () => (await keptRows(page)).map(({ id }) => id)).toEqual(["newer"]);
  });

  it("F38 SND1 A6 D5 corrections lie sealed under kinds of their own, and kinds of other bundles are sent or left alone", async () => {
    const { patient, consultationId } = await createWorld();
    const { page, context, provoked } = await join(patient, consultationId);
    provoked.push("net::");
    await write(page, "first words");
    await expect.poll(() => textsIn(consultationId), PATIENCE).toEqual(["first words"]);
    const [{ id = "" } = {}] = await db().message.findMany({ where: { consultationId, kind: "text" } });
    await context.setOffline(true);
    const unsent = await page.evaluate(
      async ([room, message]) => {
        const client = (globalThis as unknown as { __murphChatClient: ChatClient }).__murphChatClient;
        const { target } = client.conversation(room ?? "");
        await target.edit(message ?? "", "secret words");
        await target.react(message ?? "", "👍", true);
        return [await client.readUnsent(), client.wouldLoseWords()];
      },
      [consultationId, id],
    );
    expect(unsent).toEqual([[{ consultationId, texts: ["secret words"] }], false]);
    const rows = await keptRows(page);
    expect(rows.map(({ kind }) => kind)).toEqual(["edit", "react"]);
    for (const told of ["secret", "👍", id]) expect(JSON.stringify(rows)).not.toContain(told);

    await page.evaluate(async (olderId) => {
      const done = <T>(request: IDBRequest<T>) =>
        new Promise<T>((resolve, reject) => {
          request.onsuccess = () => resolve(request.result);
          request.onerror = () => reject(request.error);
        });
      const database = await done(indexedDB.open("murph"));
      const [owner] = await done(database.transaction("owners").objectStore("owners").getAll());
      const [kept] = await done(database.transaction("commands").objectStore("commands").getAll());
      const { serial: _, ...row } = kept;
      // As a bundle before this one wrote a message.
      const iv = crypto.getRandomValues(new Uint8Array(12));
      const place = new TextEncoder().encode(`${row.userId}/${row.consultationId}/${olderId}`);
      const words = new TextEncoder().encode(JSON.stringify({ content: "of an older bundle", replyToId: null }));
      const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData: place }, owner.key, words);
      const commands = database.transaction("commands", "readwrite").objectStore("commands");
      await done(commands.add({ ...row, kind: "send", id: olderId, iv, sealed }));
      await done(commands.add({ ...row, kind: "poll", id: "a newer kind" }));
      await done(commands.add({ ...row, format: 9, id: "a newer form" }));
      database.close();
    }, uuidV7());
    const release = await holdSends(context);
    await page.reload();
    await page.getByRole("log").getByText("of an older bundle").waitFor();
    await release();
    await expect.poll(() => textsIn(consultationId), PATIENCE).toEqual(["secret words", "of an older bundle"]);
    await expect
      .poll(async () => (await keptRows(page)).map((row) => row.id))
      .toEqual(["a newer kind", "a newer form"]);
    expect(
      await db().reaction.findMany({ select: { messageId: true, emoji: true }, where: { messageId: id } }),
    ).toEqual([{ messageId: id, emoji: "👍" }]);
    await page.getByRole("log").getByText("secret words").waitFor();
  });

  it("SND5 F26 what was wiped while a tab did not listen is not written back under the old key", async () => {
    const { patient, consultationId } = await createWorld();
    const { page, context, provoked } = await join(patient, consultationId);
    provoked.push("net::");
    await writeOffline(page, ["before the wipe"]);
    await page.evaluate(
      () =>
        new Promise<void>((wiped) => {
          indexedDB.open("murph").onsuccess = ({ target }) => {
            const database = (target as IDBOpenDBRequest).result;
            const transaction = database.transaction("owners", "readwrite");
            transaction.objectStore("owners").clear();
            transaction.oncomplete = () => {
              database.close();
              wiped();
            };
          };
        }),
    );
    await write(page, "after the wipe");
    await page.getByRole("log").getByText("after the wipe").waitFor();
    await page.getByRole("log").getByText("before the wipe").waitFor({ state: "detached" });
    const release = await holdSends(context);
    await page.reload();
    await page.getByRole("log").getByText("after the wipe").waitFor();
    await release();
    await expect.poll(() => textsIn(consultationId), PATIENCE).toEqual(["after the wipe"]);
    await expect.poll(() => keptRows(page)).toEqual([]);
  });

  it("F25 SND2 that is full in the middle keeps the order of what it has and what it refused", async () => {
    const { patient, consultationId } = await createWorld();
    const { page, context, provoked } = await join(patient, consultationId);
    provoked.push("net::");
    await writeOffline(page, ["on the disk"]);
    await page.evaluate(() => {
      const add = IDBObjectStore.prototype.add;
      const refusals = { left: 1 };
      IDBObjectStore.prototype.add = function (...given) {
        if (given[0].kind === "send") refusals.left -= 1;
        if (given[0].kind === "send" && refusals.left >= 0) throw new DOMException("full", "QuotaExceededError");
        return add.apply(this, given);
      };
    });
    await writeOffline(page, ["in memory", "after it"]);
    expect(await keptRows(page)).toHaveLength(1);
    await context.setOffline(false);
    await expect.poll(() => textsIn(consultationId), PATIENCE).toEqual(["on the disk", "in memory", "after it"]);
    await expect.poll(() => page.getByText(/^(Waiting to be sent|Sending)$/).count(), PATIENCE).toBe(0);
    await expect.poll(() => keptRows(page)).toEqual([]);
    await writeOffline(page, ["kept again"]);
    expect(await keptRows(page)).toHaveLength(1);
  });

  it("F25 SND5 that is missing altogether (plain http on a phone) leaves a chat that sends", async () => {
    const { patient, consultationId } = await createWorld();
    const { page, context, provoked } = await visit(patient);
    provoked.push("net::");
    await context.addInitScript(() => {
      Object.defineProperty(Crypto.prototype, "subtle", { value: undefined });
      Object.defineProperty(Navigator.prototype, "locks", { value: undefined });
    });
    await page.goto(`${app.baseUrl}/consultations/${consultationId}`);
    await live(page);
    await writeOffline(page, ["without any of it"]);
    expect(await keptRows(page)).toEqual([]);
    await context.setOffline(false);
    await expect.poll(() => textsIn(consultationId), PATIENCE).toEqual(["without any of it"]);
  });
});
