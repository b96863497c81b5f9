import { randomUUID } from "node:crypto";
import fs from "node:fs";
import { describe, expect, test } from "vitest";
import { createUser } from "@/lib/server/accounts/create-user";
import { openSession } from "@/lib/server/accounts/sessions";
import { db } from "@/lib/server/db";
import { readSimulatedMail } from "@/lib/server/mail/read-simulated-mail";
import { clientOf, useApp } from "@/tests/support/app-world";
import { type Answer, HttpClient, postSignIn, signIn } from "@/tests/support/http-client";
import { formOf } from "@/tests/support/page-form";

const app = useApp();
const SESSION = "next-auth.session-token";
const PASSWORD = "correct horse battery";

async function account() {
  const email = `${randomUUID()}@murph.example`;
  const { id } = await createUser({ email, name: "Clara Neu", role: "PATIENT", password: PASSWORD });
  return { email, id };
}

/** Posts a form of a page as a browser without scripts would. */
async function postForm(by: HttpClient, path: string, field: string, fields: Record<string, string>): Promise<Answer> {
  const form = formOf((await by.get(path)).text, field);
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  return by.post(path, { raw: form, headers: { Origin: app.baseUrl }, origin: false });
}

const ask = (email: string, by = new HttpClient(app.baseUrl)) => postForm(by, "/forgot-password", "email", { email });
const choose = (path: string, password: string, by = new HttpClient(app.baseUrl)) =>
  postForm(by, path, "password", { password });

/** The links in somebody's mailbox, once there are so many. */
async function linksTo(address: string, count: number): Promise<string[]> {
  const links = async () =>
    (await readSimulatedMail(200))
      .filter(({ to }) => to === address)
      .flatMap(({ text }) => /\/reset\/\S+/.exec(text)?.[0] ?? []);
  await expect.poll(async () => (await links()).length, { timeout: 15_000 }).toBe(count);
  return links();
}

/** What a page says, without what differs from one to the next. */
const words = ({ text }: Answer) =>
  text
    .replace(/<script[\s\S]*?<\/script>/g, "")
    .replace(/<[^>]*>/g, " ")
    .replace(/\s+/g, " ");

describe("a forgotten password", () => {
  test("S3 the answer is the same for an address that has an account and for one that has none", async () => {
    const { email } = await account();
    const [known, unknown] = [await ask(email), await ask(`${randomUUID()}@nowhere.example`)];
    expect(words(known)).toBe(words(unknown));
    expect([known.status, unknown.status]).toEqual([200, 200]);
    expect(words(known)).toContain("No e-mail is set up here");
    expect(words(await ask("not an address"))).toContain("This is not an e-mail address");
    await linksTo(email, 1);
  });

  test("S3 the link sets a password once, signs in here, and signs out everywhere else", async () => {
    const { email } = await account();
    const elsewhere = await signIn(app.baseUrl, email, PASSWORD);
    await ask(email);
    const [link = ""] = await linksTo(email, 1);
    const page = await new HttpClient(app.baseUrl).get(link);
    expect(page.text).toContain(email);
    expect(page.headers.get("referrer-policy")).toBe("strict-origin");
    expect(words(await choose(link, "short"))).toContain("That password is too short");

    const here = new HttpClient(app.baseUrl);
    const done = await choose(link, "another good password", here);
    expect([done.status, new URL(done.headers.get("location") ?? "", app.baseUrl).pathname]).toEqual([
      303,
      "/consultations",
    ]);
    expect((await here.get("/api/consultations")).status).toBe(200);
    expect((await elsewhere.get("/api/consultations")).body.error.code).toBe("session-ended");
    const used = await new HttpClient(app.baseUrl).get(link);
    expect(words(used)).toContain("This link is not valid any more");
    // The answer may have been lost, and they try again.
    expect(words(used)).toContain("If you have set one already, sign in with it");
    expect(used.text).toContain('href="/sign-in"');
    const old = new HttpClient(app.baseUrl);
    await postSignIn(old, email, PASSWORD);
    expect(old.cookies.has(SESSION)).toBe(false);
    await expect(signIn(app.baseUrl, email, "another good password")).resolves.toBeInstanceOf(HttpClient);
    expect(fs.readFileSync(app.logFile, "utf8")).not.toContain(link.slice("/reset/".length));
  });

  test("S3 a link of one kind opens nothing of another, and one that is none leads nowhere", async () => {
    const { email } = await account();
    await ask(email);
    const [link = ""] = await linksTo(email, 1);
    const as = (kind: string) => link.replace("/reset/", `/${kind}/`);
    expect(words(await new HttpClient(app.baseUrl).get(as("invite")))).toContain("not valid any more");
    for (const path of ["/reset/x", `/reset/${"a".repeat(43)}`]) {
      const answer = await new HttpClient(app.baseUrl).get(path);
      expect([answer.status, words(answer)]).toEqual([200, expect.stringContaining("This link is not valid any more")]);
    }
  });

  test("S3 a form that comes from elsewhere asks for nothing and sets nothing", async () => {
    const { email } = await account();
    await ask(email);
    const [link = ""] = await linksTo(email, 1);
    for (const [path, field, fields] of [
      ["/forgot-password", "email", { email }],
      [link, "password", { password: "chosen by a stranger" }],
    ] as const) {
      const by = new HttpClient(app.baseUrl);
      const form = formOf((await by.get(path)).text, field);
      for (const [name, value] of Object.entries(fields)) form.set(name, value);
      const answer = await by.post(path, { raw: form, headers: { Origin: "https://evil.example" }, origin: false });
      expect([answer.status, by.cookies.has(SESSION)]).toEqual([403, false]);
    }
    expect(await db().passwordReset.count({ where: { user: { email } } })).toBe(1);
    expect(words(await new HttpClient(app.baseUrl).get(link))).toContain("Choose a new password");
  });
});

describe("the password in the settings", () => {
  const change = (by: HttpClient, current: string, password: string) =>
    postForm(by, "/settings", "current", { current, password });

  test("S3 ATK73 is changed by who knows the present one; this device stays signed in, all others do not", async () => {
    const { email } = await account();
    const [here, elsewhere] = [await signIn(app.baseUrl, email, PASSWORD), await signIn(app.baseUrl, email, PASSWORD)];
    expect(words(await change(here, "wrong", "another good password"))).toContain("That is not your present password");
    expect(words(await change(here, PASSWORD, "short"))).toContain("That password is too short");
    expect((await elsewhere.get("/api/consultations")).status).toBe(200);
    const done = words(await change(here, PASSWORD, "another good password"));
    expect(done).toContain("Your password was changed");
    expect((await here.get("/api/consultations")).status).toBe(200);
    expect((await elsewhere.get("/api/consultations")).status).toBe(401);
    await expect(signIn(app.baseUrl, email, "another good password")).resolves.toBeInstanceOf(HttpClient);
  });
});

test("S3 every form with a password names the account that it is of, for password managers", async () => {
  const { email } = await account();
  const here = await signIn(app.baseUrl, email, PASSWORD);
  await ask(email);
  const [link = ""] = await linksTo(email, 1);
  for (const [by, path, kinds] of [
    [here, "/settings", ["username", "current-password", "new-password"]],
    [new HttpClient(app.baseUrl), "/sign-in", ["username", "current-password"]],
    [new HttpClient(app.baseUrl), link, ["username", "new-password"]],
  ] as const) {
    const forms = (await by.get(path)).text.match(/<form\b[\s\S]*?<\/form>/g) ?? [];
    const withPassword = forms.filter((form) => form.includes('type="password"'));
    expect([path, withPassword.length]).toEqual([path, 1]);
    const fields = withPassword.flatMap((form) => form.match(/<input\b[^>]*autocomplete="[^>]*>/gi) ?? []);
    expect(fields.map((field) => /autocomplete="([^"]*)"/i.exec(field)?.[1])).toEqual(kinds);
    if (path !== "/sign-in") expect(fields[0]).toContain(`value="${email}"`);
  }
});

describe("signed-in devices", () => {
  test("S3 are named in the settings, and ended one by one or all at once, without scripts", async () => {
    const { email, id } = await account();
    const here = await signIn(app.baseUrl, email, PASSWORD);
    const others: HttpClient[] = [];
    for (const userAgent of [
      "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
      "<b>Your bank</b>",
      "",
    ]) {
      const { sessionId } = await openSession(id, { userAgent });
      others.push(await clientOf(app, { sessionId, userId: id, name: "" }));
    }
    const page = await here.get("/settings");
    for (const name of ["This device", "Firefox on Linux", "Unknown device"]) expect(words(page)).toContain(name);
    expect(page.text).not.toContain("Your bank");
    const firefox =
      /value="([0-9a-f-]{36})"[^>]*aria-label="Sign out: Firefox on Linux"|aria-label="Sign out: Firefox on Linux"[^>]*value="([0-9a-f-]{36})"/.exec(
        page.text,
      );
    const form = formOf(page.text, "ended");
    const end = async (ended: string) => {
      form.set("ended", ended);
      return words(await here.post("/settings", { raw: form, headers: { Origin: app.baseUrl }, origin: false }));
    };
    const statuses = () =>
      Promise.all([here, ...others].map(async (by) => (await by.get("/api/consultations")).status));
    expect(await end(firefox?.[1] ?? firefox?.[2] ?? "")).not.toContain("Firefox on Linux");
    expect(await statuses()).toEqual([200, 401, 200, 200]);
    for (const nonsense of ["", "x", "all"]) await end(nonsense);
    expect(await statuses()).toEqual([200, 401, 200, 200]);
    // What is left is this very client.
    expect((await end("others")).split("Unknown device")).toHaveLength(2);
    expect(await statuses()).toEqual([200, 401, 401, 401]);
  });

  test("S3 ATK103 whoever signs in where somebody is signed in ends that session: no copy of its cookie goes on", async () => {
    const [clara, ben] = [await account(), await account()];
    const copyOf = (by: HttpClient) => {
      const copy = new HttpClient(app.baseUrl);
      copy.cookies.set(SESSION, by.cookies.get(SESSION) ?? "");
      return copy;
    };
    const browser = await signIn(app.baseUrl, clara.email, PASSWORD);
    const first = copyOf(browser);
    await postSignIn(browser, clara.email, PASSWORD);
    expect(await db().session.count({ where: { userId: clara.id, endedAt: null } })).toBe(1);
    const second = copyOf(browser);
    await ask(ben.email);
    const [link = ""] = await linksTo(ben.email, 1);
    await choose(link, "another good password", browser);
    expect(await db().session.count({ where: { userId: clara.id, endedAt: null } })).toBe(0);
    for (const copy of [first, second]) {
      expect((await copy.get("/api/consultations")).body.error.code).toBe("session-ended");
    }
    expect((await browser.get("/api/consultations")).status).toBe(200);
  });

  test("S3 nobody ends the sessions of another", async () => {
    const [clara, stranger] = [await account(), await account()];
    const [theirs, own] = [
      await signIn(app.baseUrl, clara.email, PASSWORD),
      await signIn(app.baseUrl, stranger.email, PASSWORD),
    ];
    const { id } = await db().session.findFirstOrThrow({ where: { userId: clara.id } });
    const form = formOf((await own.get("/settings")).text, "current");
    const action = [...form.keys()].find((key) => key.startsWith("$ACTION"));
    expect(action).toBeDefined();
    await openSession(stranger.id);
    const devices = formOf((await own.get("/settings")).text, "ended");
    devices.set("ended", id);
    await own.post("/settings", { raw: devices, headers: { Origin: app.baseUrl }, origin: false });
    expect((await theirs.get("/api/consultations")).status).toBe(200);
  });
});
