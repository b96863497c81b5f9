import { expect, it } from "vitest";
import { matches } from "@/components/shell/text-match";

it.each([
  ["muller", "Dr. Müller", true],
  ["MÜLLER dr", "Dr. Müller", true],
  ["\u202aMüller\u202c", "Dr. Müller", true],
  ["knie\u00adschmerz", "Knieschmerz", true],
  ["knee\r\npain\u2028", "Knee pain", true],
  ["  \u0085", "Dr. Müller", true],
  ["weber", "Dr. Müller", false],
])("C7 W9 %j in %s: %s", (query, text, found) => expect(matches(query, [text])).toBe(found));
