import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ownPage, pageAfterSignIn } from "@/lib/server/http/own-page";

const ORIGIN = "https://murph.example";

/** Addresses that lead, or may be read to lead, to another host. Also tried on the running app (sign-in.test.ts). */
const ELSEWHERE = [
  "https://evil.example/x",
  "//evil.example",
  "///evil.example",
  "/\\evil.example",
  "\\\\evil.example",
  "\\/evil.example",
  "/.//evil.example",
  "/..//evil.example",
  "/./..//evil.example",
  "/x/..//evil.example",
  "/x/../..//evil.example",
  "/%2e//evil.example",
  "/%2E%2e//evil.example",
  "/.\\/evil.example",
  "/.\\\\evil.example",
  "/.%2f/evil.example",
  "/%2fevil.example",
  "/%5cevil.example",
  "/%2e/%2fevil.example",
  "/\t/evil.example",
  "/.\t/\n/evil.example",
  "\t//evil.example",
  " //evil.example",
  "/\r\n/evil.example",
  "/%09/../%2f/evil.example",
  "//murph.example@evil.example",
  "https://murph.example@evil.example/",
  "https://murph.example:444/",
  "https://murph.example.evil.example/",
  "http://murph.example/",
  "https://murph.example//evil.example",
  "https://murph.example/.//evil.example",
  "https:/.//evil.example",
  "javascript:alert(1)",
  "data:text/html,x",
  "blob:https://murph.example/x",
  "filesystem:https://murph.example/x",
  "https://",
  "//",
  "/%",
  "/%ff",
];

describe("S1 ATK81 where an address leads is judged after a browser's normalisation", () => {
  test.each(ELSEWHERE)("S1 %j is no page of ours", (address) => {
    expect(ownPage(address, ORIGIN)).toBeNull();
    expect(pageAfterSignIn(address, ORIGIN)).toBe("/consultations");
  });

  test.each([
    ["/consultations/1?x=%2F%2Fevil.example", "/consultations/1?x=%2F%2Fevil.example"],
    ["/settings#part", "/settings"],
    ["settings", "/settings"],
    ["/x/../settings", "/settings"],
    ["https://murph.example/settings", "/settings"],
    ["https://you:word@murph.example/settings", "/settings"],
    ["/invite/abc", "/invite/abc"],
  ])("S1 %j is %j of ours", (address, page) => {
    expect(ownPage(address, ORIGIN)).toBe(page);
    expect(pageAfterSignIn(address, ORIGIN)).toBe(page);
  });

  test("S1 nothing leads into the API, and nobody is led back to sign in", () => {
    for (const address of ["/api", "/api/auth/signout", "/x/../api/health"]) {
      expect(ownPage(address, ORIGIN)).toBeNull();
    }
    for (const address of ["/", "/?x", "/sign-in", "/sign-in?callbackUrl=/settings", undefined, ["/settings"], 7]) {
      expect(pageAfterSignIn(address, ORIGIN)).toBe("/consultations");
    }
  });

  test("S1 ATK81 whatever is put together from the parts of such addresses, what is let through stays with us", () => {
    const part = fc.constantFrom(
      ...["/", "\\", ".", "..", "%2f", "%5c", "%2e", "\t", "\n", " ", "@", ":", "?", "#", "//", "https:"],
      ...["evil.example", "murph.example", "x", "%25", "%252f"],
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 10 }), (parts) => {
        let page = ownPage(parts.join(""), ORIGIN);
        // A redirect is read once by Next, once by the browser.
        for (let reading = 0; page !== null && reading < 3; reading++) {
          const url = new URL(page, ORIGIN);
          expect(url.origin).toBe(ORIGIN);
          page = `${url.pathname}${url.search}`;
          expect(page.startsWith("//")).toBe(false);
        }
      }),
      { numRuns: 5_000 },
    );
  });
});
