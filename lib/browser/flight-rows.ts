/** Tags of rows whose length is told before them; every other row ends with its line. */
const WITH_LENGTH = "TAOobUSsLlGgMmV";
const [NEW_LINE, COLON, COMMA] = [0x0a, 0x3a, 0x2c];

/**
 * Whether the server failed at a part of this page. Its status was sent by then: React tells of the failure in a row of
 * the answer, and takes what is on the screen away for it. What Next throws on purpose (a page that is not there, another
 * one to go to) is told in the same way, and is an answer.
 */
export function hasFailedPart(page: Uint8Array): boolean {
  const text = new TextDecoder();
  for (let at = 0; at < page.length; ) {
    const tag = page.indexOf(COLON, at) + 1;
    if (tag === 0) return false;
    const kind = String.fromCharCode(page[tag] ?? 0);
    if (WITH_LENGTH.includes(kind)) {
      const comma = page.indexOf(COMMA, tag);
      const length = Number.parseInt(text.decode(page.subarray(tag + 1, comma)), 16);
      if (comma < 0 || Number.isNaN(length)) return false;
      at = comma + 1 + length;
    } else {
      const end = page.indexOf(NEW_LINE, tag);
      const row = page.subarray(tag + 1, end < 0 ? page.length : end);
      if (kind === "E" && !isMeant(text.decode(row))) return true;
      at = end < 0 ? page.length : end + 1;
    }
  }
  return false;
}

function isMeant(error: string): boolean {
  try {
    const { digest } = JSON.parse(error) as { digest?: unknown };
    return typeof digest === "string" && digest.startsWith("NEXT_");
  } catch {
    return false;
  }
}
