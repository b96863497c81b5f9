import { findPhoneNumbers } from "./phone-numbers";
import { type FoundLink, findAddresses } from "./web-addresses";

export type TextPart = { kind: "text"; text: string } | { kind: "link"; text: string; href: string };

/** Without a shape of their own, so that they could hide where a link leads: none is part of one. */
const invisible = /([\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]+)/u;

/**
 * Web and mail addresses and telephone numbers in a message. What a link shows is what it opens; all other words stay as
 * they are.
 */
export function splitLinks(content: string): TextPart[] {
  const parts: TextPart[] = [];
  let text = "";
  for (const piece of content.split(invisible)) {
    let end = 0;
    for (const link of linksOf(piece)) {
      text += piece.slice(end, link.start);
      if (text) parts.push({ kind: "text", text });
      parts.push({ kind: "link", text: link.text, href: link.href });
      text = "";
      end = link.end;
    }
    text += piece.slice(end);
  }
  if (text) parts.push({ kind: "text", text });
  return parts;
}

function linksOf(piece: string): FoundLink[] {
  const links: FoundLink[] = [];
  let end = 0;
  for (const address of [...findAddresses(piece), { start: piece.length, end: piece.length }]) {
    const offset = end;
    for (const phone of findPhoneNumbers(piece.slice(offset, address.start))) {
      links.push({ ...phone, start: offset + phone.start, end: offset + phone.end });
    }
    if ("href" in address) links.push(address);
    end = address.end;
  }
  return links;
}
