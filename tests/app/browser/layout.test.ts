import { it } from "vitest";
import { useApp } from "@/tests/support/app-world";
import { useBrowser } from "@/tests/support/browser";
import { createLayoutRooms } from "@/tests/support/layout-rooms";
import { placesOf, type Screen, walk } from "@/tests/support/layout-walk";

const app = useApp();
const { visit } = useBrowser(app);

/** The narrowest of each kind; layout.deep.test.ts looks at all of them. */
const screens: Screen[] = [
  [320, 640, "100 %"],
  [320, 640, "200 %"],
  [820, 1180, "100 %"],
  [1440, 900, "200 %"],
];

it("R3 R8 names and subjects can be read and no control leaves any page, in German, at 320 to 1440 px and twice the text", async () => {
  const places = placesOf(await createLayoutRooms(app));
  await walk({ app, visit, places, screens, locale: "de-DE" });
}, 120_000);
