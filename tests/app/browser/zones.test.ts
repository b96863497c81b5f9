import { expect, it } from "vitest";
import { ZONE_COOKIE } from "@/lib/i18n/locale";
import { sendMessage } from "@/lib/server/commands/send-message";
import { useApp } from "@/tests/support/app-world";
import { live, useBrowser, write } from "@/tests/support/browser";
import { createWorld, messageOf } from "@/tests/support/world";

const app = useApp();
const { visit } = useBrowser(app);

/** Runs in the page: what its system says of its zone, and a zone that its Intl has never heard of. */
function pretend({ says, lacks }: { says: string | null; lacks: string | null }): void {
  const { DateTimeFormat } = Intl;
  const { resolvedOptions } = DateTimeFormat.prototype;
  DateTimeFormat.prototype.resolvedOptions = function (this: Intl.DateTimeFormat) {
    return { ...resolvedOptions.call(this), timeZone: says ?? (undefined as unknown as string) };
  };
  Intl.DateTimeFormat = new Proxy(DateTimeFormat, {
    construct(target, [locales, options]) {
      if (lacks !== null && options?.timeZone === lacks) throw new RangeError(`Invalid time zone specified: ${lacks}`);
      return new target(locales, options);
    },
  });
}

it.each([
  { says: "Etc/Unknown", cookie: "Etc/Unknown", lacks: null },
  { says: "", cookie: "", lacks: null },
  { says: null, cookie: null, lacks: null },
  { says: "Foo/Bar", cookie: "Europe/Berlin", lacks: null },
  { says: "Europe/Berlin", cookie: "Europe/Berlin", lacks: "Europe/Berlin" },
])(
  "R1 a browser whose system says $says, whose cookie says $cookie and whose Intl lacks $lacks has a working room in UTC",
  async ({ cookie, ...system }) => {
    const { patient, practitioner, consultationId } = await createWorld();
    await sendMessage(practitioner, messageOf(consultationId, "Can you read this?"));
    const { context, page } = await visit(patient);
    if (cookie !== null) await context.addCookies([{ name: ZONE_COOKIE, value: cookie, url: app.baseUrl }]);
    await page.addInitScript(pretend, system);
    for (const _again of [false, true]) {
      await page.goto(`${app.baseUrl}/consultations/${consultationId}`);
      await live(page);
      const log = page.getByRole("log");
      await log.getByText("Can you read this?").waitFor();
      const times = () => log.locator("article time").allInnerTexts();
      await expect.poll(times).toEqual([expect.stringMatching(/^\d\d:\d\d UTC$/)]);
    }
    await write(page, "Yes");
    await page.getByRole("log").getByText("Sent", { exact: true }).or(page.getByText("Delivered")).first().waitFor();
  },
);
