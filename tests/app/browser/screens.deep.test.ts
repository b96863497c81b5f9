import { it } from "vitest";
import { useApp } from "@/tests/support/app-world";
import { useBrowser } from "@/tests/support/browser";
import { lookAtScreens } from "@/tests/support/look-at-screens";

const app = useApp();
const browser = useBrowser(app);

it.each(["a tablet, light, German", "a desktop, dark, English"] as const)(
  "UI on %s no screen has an accessibility violation or scrolls sideways",
  (name) => lookAtScreens(app, browser, name),
);
