import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";
import { looseTexts } from "@/tests/support/translator";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What axe finds wrong with the page as it stands, and text that a page translator could not be allowed to touch (W1). */
export async function violations(page: Page): Promise<string[]> {
  return [...(await axeViolations(page)), ...(await page.evaluate(looseTexts))];
}

async function axeViolations(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const results = await (window as unknown as { axe: typeof import("axe-core") }).axe.run(document, {
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
      // Experimental, and so in none of these: a name must begin with what voice control would say.
      rules: { "label-content-name-mismatch": { enabled: true } },
    });
    return results.violations.map(
      ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(" | ")}`,
    );
  });
}
