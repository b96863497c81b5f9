import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import { DEFAULT_PREFERENCES } from "@/lib/protocol/preferences";
import { createUser } from "@/lib/server/accounts/create-user";
import { clientOf, useApp } from "@/tests/support/app-world";
import { HttpClient, signIn } from "@/tests/support/http-client";
import { formOf } from "@/tests/support/page-form";
import { createPerson, type Person } from "@/tests/support/world";

const app = useApp();
const LOCALE = "murph-locale";
let person: Person;
let client: HttpClient;

beforeAll(async () => {
  person = await createPerson("PATIENT");
  client = await clientOf(app, person);
});

const current = async (by = client) => (await by.get("/api/preferences")).body;
const put = (json: unknown, by = client) => by.request("PUT", "/api/preferences", { json });

describe("GET and PUT /api/preferences", () => {
  test("C6 the defaults, then what was changed; unknown fields change nothing", async () => {
    expect(await current()).toEqual(DEFAULT_PREFERENCES);
    const answer = await put({ sound: false, mail: false, userId: randomUUID(), theme: "dark" });
    expect([answer.status, answer.body]).toEqual([200, { ...DEFAULT_PREFERENCES, sound: false, mail: false }]);
    expect(await current()).toEqual(answer.body);
    expect((await put({ sound: true, mail: true })).body).toEqual(DEFAULT_PREFERENCES);
  });

  test.each([
    [{ sound: "true" }, "sound"],
    [{ mail: null }, "mail"],
    [{ toasts: 1 }, "toasts"],
    [{ locale: "fr" }, "locale"],
    [{ locale: "de\u0000" }, "locale"],
    [{ browserNotifications: {}, mail: false }, "browserNotifications"],
  ])("C6 %j is 422 by the field's name, and nothing changes", async (json, field) => {
    const before = await current();
    const answer = await put(json);
    expect([answer.status, answer.body.error.code, Object.keys(answer.body.error.details.fields)]).toEqual([
      422,
      "validation-failed",
      [field],
    ]);
    expect(await current()).toEqual(before);
  });

  test("C6 each person has their own", async () => {
    const other = await clientOf(app, await createPerson("PRACTITIONER"));
    await put({ toasts: false }, other);
    expect(await current()).toMatchObject({ toasts: true });
    expect(await current(other)).toMatchObject({ toasts: false });
  });

  test("C6 a language that is saved is the page's at once, and of the next browser that signs in", async () => {
    const [email, password] = [`${randomUUID()}@murph.example`, "correct horse battery"];
    await createUser({ email, name: "Clara", role: "PATIENT", password });
    const first = await signIn(app.baseUrl, email, password);
    expect(first.cookies.has(LOCALE)).toBe(false);
    await put({ locale: "de" }, first);
    expect((await first.get("/settings")).text).toContain('<html lang="de"');
    const second = await signIn(app.baseUrl, email, password);
    expect(second.cookies.get(LOCALE)).toBe("de");
    expect((await second.get("/settings", { headers: { "Accept-Language": "en" } })).text).toContain('<html lang="de"');
    await put({ locale: null }, second);
    expect(second.cookies.has(LOCALE)).toBe(false);
    expect((await second.get("/settings", { headers: { "Accept-Language": "en" } })).text).toContain('<html lang="en"');
  });
});

describe("the settings page without JavaScript", () => {
  const settings = async (by: HttpClient) => (await by.get("/settings")).text;
  const post = (fields: FormData, by = client) =>
    by.post("/settings", { raw: fields, headers: { Origin: app.baseUrl }, origin: false });

  test("C6 the switches show what holds and save what is turned", async () => {
    const form = formOf(await settings(client), "previewInNotifications");
    expect(["toasts", "browserNotifications", "sound", "mail"].map((name) => form.has(name))).toEqual([
      true,
      false,
      true,
      true,
    ]);
    form.delete("sound");
    form.set("browserNotifications", "on");
    expect((await post(form)).status).toBe(200);
    expect(await current()).toEqual({ ...DEFAULT_PREFERENCES, sound: false, browserNotifications: true });
    const again = formOf(await settings(client), "previewInNotifications");
    expect([again.has("sound"), again.has("browserNotifications")]).toEqual([false, true]);
  });

  test("C6 choosing a language there is kept for the person, too", async () => {
    const form = formOf(await settings(client), "page");
    form.set("locale", "de");
    const answer = await post(form);
    expect([answer.status, client.cookies.get(LOCALE)]).toEqual([303, "de"]);
    expect(await current()).toMatchObject({ locale: "de" });
  });

  test.each([
    ...["/.//evil.example", "/..//evil.example", "/%2e//evil.example", "/.\\/evil.example", "/\t/evil.example"],
    ...["//evil.example", "https://evil.example/settings", "/.%2f/evil.example", "javascript:alert(1)", "/api/health"],
  ])("S1 ATK81 choosing a language leads to a page of ours, not to %j", async (page) => {
    const form = formOf(await settings(client), "page");
    form.set("locale", "en");
    form.set("page", page);
    const answer = await post(form);
    expect([answer.status, answer.headers.get("location")]).toEqual([303, "/"]);
  });

  test("ATK75 SND5 a form of another site, of a visitor, or rendered for somebody else changes nothing", async () => {
    const form = formOf(await settings(client), "previewInNotifications");
    form.delete("mail");
    const before = await current();
    const foreign = await client.post("/settings", {
      raw: form,
      headers: { Origin: "https://evil.example" },
      origin: false,
    });
    expect(foreign.status).toBe(403);
    expect((await post(form, new HttpClient(app.baseUrl))).status).toBeLessThan(500);
    const other = await clientOf(app, await createPerson("PATIENT"));
    const answer = await post(form, other);
    expect([answer.status, /role="alert"[^>]*>[^<]*</.test(answer.text)]).toEqual([200, true]);
    expect([await current(), await current(other)]).toEqual([before, DEFAULT_PREFERENCES]);
  });
});
