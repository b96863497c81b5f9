import { expect, test } from "vitest";
import { clientOf, useApp } from "@/tests/support/app-world";
import { createPerson } from "@/tests/support/world";

const app = useApp();

test("S9 SND5 signing out makes the browser forget the pages it keeps, and neither words nor language", async () => {
  const client = await clientOf(app, await createPerson("PATIENT"));
  client.cookies.set("NEXT_LOCALE", "de");
  const refused = await client.post("/api/auth/signout", { form: { csrfToken: "x" } });
  expect(refused.headers.get("clear-site-data")).toBeNull();
  const { csrfToken } = (await client.get("/api/auth/csrf")).body;
  const answer = await client.post("/api/auth/signout", { form: { csrfToken, callbackUrl: "/sign-in" } });
  expect([answer.status, answer.headers.get("clear-site-data")]).toEqual([302, '"cache"']);
  expect(client.cookies.has("next-auth.session-token")).toBe(false);
  expect(client.cookies.get("NEXT_LOCALE")).toBe("de");
});
