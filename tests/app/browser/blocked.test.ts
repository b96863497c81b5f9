import { expect, it } from "vitest";
import { en } from "@/lib/i18n/en";
import { useApp } from "@/tests/support/app-world";
import { live, useBrowser } from "@/tests/support/browser";
import { textsIn, writeOffline } from "@/tests/support/chat-page";
import { createWorld } from "@/tests/support/world";

const app = useApp();
const { visit } = useBrowser(app);

/** Runs in the page before anything else: the browser has none of it, or says so only when it is used. */
function withhold(how: string): void {
  const blocked = () => {
    throw new DOMException("Access is denied for this document.", "SecurityError");
  };
  const globals = ["indexedDB", "localStorage", "sessionStorage", "BroadcastChannel", "Notification", "AudioContext"];
  if (how !== "refuses") {
    const getter = how === "throws" ? { get: blocked } : { value: undefined };
    for (const name of globals) Object.defineProperty(window, name, { ...getter, configurable: true });
    Object.defineProperty(Navigator.prototype, "locks", getter);
    Object.defineProperty(Crypto.prototype, "subtle", getter);
    Object.defineProperty(Document.prototype, "cookie", { get: blocked, set: blocked });
  } else {
    const refused = () => Promise.reject(new DOMException("Access is denied.", "SecurityError"));
    Object.assign(IDBFactory.prototype, { open: blocked });
    Object.assign(Storage.prototype, { getItem: blocked, setItem: blocked });
    Object.assign(LockManager.prototype, { request: refused, query: refused });
    Object.defineProperty(Notification, "permission", { get: blocked });
  }
  Object.defineProperty(Crypto.prototype, "randomUUID", { value: undefined });
}

it.each(["throws", "missing", "refuses"] as const)(
  "F25 SND5 a browser whose storage and locks are blocked (%s) has a room that works and says what it does not keep",
  async (how) => {
    const { patient, consultationId } = await createWorld();
    const { page, context, provoked } = await visit(patient);
    provoked.push("net::");
    await context.addInitScript(withhold, how);
    await page.goto(`${app.baseUrl}/consultations/${consultationId}`);
    await live(page);
    await writeOffline(page, ["without any of it"]);
    await page.getByText(en.chat.notKept).waitFor();
    await context.setOffline(false);
    await expect.poll(() => textsIn(consultationId)).toEqual(["without any of it"]);
    await page.getByRole("textbox").fill("a draft");
    await page.goto(`${app.baseUrl}/settings`);
    await page.getByRole("heading", { level: 1 }).waitFor();
  },
);

it("F25 who is not signed in sees the sign-in page there too", async () => {
  const { page, context } = await visit(null);
  await context.addInitScript(withhold, "throws");
  await page.goto(`${app.baseUrl}/sign-in`);
  await page.getByRole("heading", { level: 1 }).waitFor();
});
