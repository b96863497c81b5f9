import { LinkifyIt, REBuilder } from "linkify-it";

export interface FoundLink {
  start: number;
  end: number;
  text: string;
  href: string;
}

/** Mail addresses may stand in quotes and brackets of any language and after "E-Mail:", but never begin inside a word. */
class Rules extends REBuilder {
  readonly behindWww = new RegExp(this.get_url_host_port().source + this.get_path().source, "iy");

  /** Between letters these are the address's own; anywhere else they are the sentence's. */
  override get_path_extra() {
    return new RegExp(`[’–](?=${this.get_pseudo_letter().source})|`);
  }
  override get_mail_name() {
    return /[A-Za-z0-9](?:[A-Za-z0-9._+'-]{0,62}[A-Za-z0-9_+-])?/;
  }
  override get_mail_name_validator() {
    return new RegExp(`(?:^|[^\\p{L}\\p{N}\\p{M}/.@_%+'&=?])(${this.get_mail_name().source})$`, "u");
  }
}

const rules = new Rules();
const linkify = new LinkifyIt({ rebuilder: rules })
  .add("ftp:", null)
  .add("//", null)
  .add("www.", {
    validate(text, pos) {
      if (/^[^\s/?#]{254}/.test(text.slice(pos, pos + 254))) return 0;
      rules.behindWww.lastIndex = pos;
      const found = rules.behindWww.exec(text)?.[0] ?? "";
      return /^[^/?#]*\./.test(found) ? found.length : 0;
    },
  });

/** What is left of a sentence where a quote or a bracket follows it. */
const sentenceEnd = /[.,:;!?*_~'’–]+$/;

/** ATK51: an address is a link only where its text names the very host that it opens. */
export function findAddresses(content: string): FoundLink[] {
  const found: FoundLink[] = [];
  let refusedUntil = 0;
  for (const { index, raw: whole, schema } of linkify.match(content) ?? []) {
    if (index < refusedUntil) continue;
    const raw = whole.replace(sentenceEnd, "");
    const lastIndex = index + raw.length;
    const link = schema === "mailto:" ? mailLink(raw) : isCutShort(raw, content.slice(lastIndex)) ? null : webLink(raw);
    if (link) found.push({ start: index, end: lastIndex, ...link });
    else refusedUntil = lastIndex + runLength(content.slice(lastIndex));
  }
  return found;
}

/** Behind it stands what a reader, or another parser, takes for the rest of the address: a user's name, a backslash. */
function isCutShort(raw: string, after: string): boolean {
  if (raw.includes("\\") || after.startsWith("\\")) return true;
  const hostOnly = !/[/?#]/.test(raw.replace(/^https?:\/\//i, ""));
  return hostOnly && (after.startsWith("%") || /^[^\s<>"/?#]*@/.test(after));
}

function runLength(text: string): number {
  return /^[^\s<>"]*/.exec(text)?.[0].length ?? 0;
}

function webLink(raw: string): { text: string; href: string } | null {
  const [, scheme = "", authority = "", rest = ""] = /^(https?:\/\/)?([^/?#]*)(.*)$/isu.exec(raw) ?? [];
  const address = `${scheme || "https://"}${authority}${rest}`;
  if (!URL.canParse(address)) return null;
  const { host, href, protocol } = new URL(address);
  const written = authority.toLowerCase().replace(protocol === "https:" ? /:443$/ : /:80$/, "");
  const text = hostText(written, host);
  if (text === null) return null;
  return { text: text === written ? raw : `${scheme}${text}${rest}`, href };
}

function mailLink(raw: string): { text: string; href: string } | null {
  const [, scheme = "", name = "", domain = ""] = /^(mailto:)?([^@]+)@(.+)$/iu.exec(raw) ?? [];
  if (!URL.canParse(`https://${domain}`)) return null;
  const { hostname } = new URL(`https://${domain}`);
  if (!/\.(?:[a-z]{2,}|xn--[a-z0-9-]+)$/.test(hostname)) return null;
  const text = hostText(domain.toLowerCase(), hostname);
  if (text === null) return null;
  const shown = text === domain.toLowerCase() ? raw : `${scheme}${name}@${text}`;
  return { text: shown, href: `mailto:${name}@${hostname}` };
}

/**
 * As it was written; where its letters could be taken for others, as the network knows it; null where a browser makes
 * another host of it ("0x7f.1").
 */
function hostText(written: string, host: string): string | null {
  if (written === host) return written;
  if (/^[ -~]*$/.test(written)) return null;
  return /^[a-z0-9äöüß.-]+(?::\d+)?$/.test(written) ? written : host;
}
