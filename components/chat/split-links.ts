export type TextPart = { kind: "text"; text: string } | { kind: "link"; text: string; href: string };

/** Up to white space, quotes, and characters without a shape of their own: those could hide where a link leads. */
const candidate = /https?:\/\/[^\s<>"'`\p{Cc}\p{Cf}]+/giu;
const trailing = /[.,;:!?…»”’*_~\]}]+$/u;

/** Cuts what belongs to the sentence around an address: final punctuation, and a bracket that was not opened in it. */
function trimAddress(found: string): string {
  let address = found;
  for (;;) {
    const before = address;
    address = address.replace(trailing, "");
    if (address.endsWith(")") && address.split(")").length > address.split("(").length) address = address.slice(0, -1);
    if (address === before) return address;
  }
}

/** ATK51: only http(s) addresses become links, and a link shows the very address that it opens. */
export function splitLinks(content: string): TextPart[] {
  const parts: TextPart[] = [];
  let end = 0;
  const pushText = (text: string) => {
    if (text) parts.push({ kind: "text", text });
  };
  for (const match of content.matchAll(candidate)) {
    const address = trimAddress(match[0]);
    if (!URL.canParse(address)) continue;
    const url = new URL(address);
    if ((url.protocol !== "http:" && url.protocol !== "https:") || url.username || url.password) continue;
    pushText(content.slice(end, match.index));
    parts.push({ kind: "link", text: address, href: url.href });
    end = match.index + address.length;
  }
  pushText(content.slice(end));
  return parts;
}
