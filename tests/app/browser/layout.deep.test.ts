import { it } from "vitest";
import { useApp } from "@/tests/support/app-world";
import { useBrowser } from "@/tests/support/browser";
import { createLayoutRooms } from "@/tests/support/layout-rooms";
import { placesOf, type Screen, walk } from "@/tests/support/layout-walk";

const app = useApp();
const { visit } = useBrowser(app);

const sizes = [
  [320, 568],
  [390, 844],
  [640, 360],
  [820, 1180],
  [1440, 900],
] as const;
const screens = sizes.flatMap(([width, height]): Screen[] => [
  [width, height, "100 %"],
  [width, height, "200 %"],
]);
const looks = [
  { locale: "en-GB", touch: false },
  { locale: "de-DE", touch: false },
  { locale: "en-GB", touch: true },
  { locale: "de-DE", touch: true },
] as const;

it.each(looks)(
  "R3 R8 every page on every screen ($locale, touch: $touch)",
  async (look) => {
    const rooms = await createLayoutRooms(app);
    await walk({ app, visit, places: placesOf(rooms), screens, ...look });
  },
  300_000,
);
