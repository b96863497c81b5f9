import type { Page } from "playwright-core";
import { expect } from "vitest";
import type { useBrowser } from "@/tests/support/browser";
import { misfits, setText, type TextSize } from "@/tests/support/layout";
import type { createLayoutRooms } from "@/tests/support/layout-rooms";
import type { AppAddress } from "@/tests/support/start-built-app";
import type { Person } from "@/tests/support/world";

export type Screen = readonly [width: number, height: number, text: TextSize];

interface Place {
  name: string;
  person: Person | null;
  path: string;
  /** What is opened on the page, once for each screen. */
  open?(page: Page): Promise<void>;
}

interface Walk {
  app: AppAddress;
  visit: ReturnType<typeof useBrowser>["visit"];
  places: readonly Place[];
  screens: readonly Screen[];
  locale: "en-GB" | "de-DE";
  /** On a touch screen controls have to be larger. */
  touch?: boolean;
}

const SOON = { timeout: 5_000 };

export function placesOf({ doctor, patient, interpreter, rooms }: Awaited<ReturnType<typeof createLayoutRooms>>) {
  const room = (name: keyof typeof rooms, person: Person, rest: Partial<Place> = {}): Place => ({
    ...{ name: `${name} for ${person.name}`, person, path: `/consultations/${rooms[name]}` },
    ...rest,
  });
  const openPeople = async (page: Page) => {
    await page.locator("header button[aria-expanded]").click();
    await page.locator('[aria-label]:is(dialog, section) button[aria-expanded="false"]').click();
  };
  const openComplete = (page: Page) => page.locator('header button[command="show-modal"]').click();
  const openNew = (page: Page) => page.locator("nav button").first().click();
  return [
    { name: "sign-in", person: null, path: "/sign-in?error=CredentialsSignin" },
    { name: "forgotten password", person: null, path: "/forgot-password" },
    { name: "no such page", person: null, path: "/nowhere" },
    { name: "list", person: doctor, path: "/consultations" },
    { name: "list with a request", person: patient, path: "/consultations" },
    { name: "new consultation", person: doctor, path: "/consultations", open: openNew },
    { name: "settings", person: doctor, path: "/settings" },
    room("alone", doctor),
    room("two", patient),
    room("three", interpreter),
    room("five", doctor),
    room("five", doctor, { name: "people", open: openPeople }),
    room("five", doctor, { name: "complete", open: openComplete }),
    room("scheduled", doctor),
    room("completed", patient),
  ] satisfies Place[];
}

/** Goes to every place and looks at it on every screen: one page load for a place, and the screens change under it. */
export async function walk({ app, visit, places, screens, locale, touch = false }: Walk): Promise<void> {
  const pages = new Map<Person | null, Page>();
  for (const { name, person, path, open } of places) {
    let page = pages.get(person);
    if (!page) {
      const visitor = await visit(person, { locale, hasTouch: touch, isMobile: touch });
      visitor.provoked.push("404");
      page = visitor.page;
      pages.set(person, page);
    }
    await page.goto(app.baseUrl + path);
    // Whatever scripts bring has come with the first state of the connection.
    if (person && path.startsWith("/consultations")) await page.locator('[data-connection="live"]').first().waitFor();
    for (const [width, height, text] of screens) {
      await page.setViewportSize({ width, height });
      await setText(page, text);
      await open?.(page);
      await expect.poll(() => misfits(page), { ...SOON, message: `${name}, ${width} px, ${text}` }).toEqual([]);
      if (!open) continue;
      await page.keyboard.press("Escape");
      // What was open takes its entry of the history along: a page that is asked for meanwhile would not come.
      await page.waitForFunction(() => !window.history.state?.overlays);
    }
  }
}
