import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { splitLinks } from "@/components/chat/split-links";

const linkParts = (content: string) => splitLinks(content).filter((part) => part.kind === "link");
const links = (content: string) => linkParts(content).map(({ href }) => href);
const shown = (content: string) => linkParts(content).map(({ text }) => text);
const joined = (content: string) =>
  splitLinks(content)
    .map(({ text }) => text)
    .join("");

describe("ATK51 links in message text", () => {
  it.each([
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "ftp://example.org/file",
    "https://",
    "https://user:secret@example.org/",
    "//example.org/x",
    "tel:javascript:alert(1)",
  ])("ATK51 %s stays text", (content) => {
    expect(links(content)).toEqual([]);
    expect(joined(content)).toBe(content);
  });

  it("ATK51 an address ends before the sentence does", () => {
    expect(links("See https://example.org/a_(b), or (http://example.org/c).")).toEqual([
      "https://example.org/a_(b)",
      "http://example.org/c",
    ]);
  });

  it("ATK51 a direction override ends an address", () => {
    expect(links("https://example.org/\u202egpj.exe")).toEqual(["https://example.org/"]);
  });

  it("ATK51 no character of the text is lost", () => {
    const content = "a https://example.org/x?y=1&z=ä, b\nhttp://example.com!! \u202a+49 30 1234567\u202c 👨‍👩‍👧 a@b.de";
    expect(joined(content)).toBe(content);
  });
});

describe("R7 web addresses", () => {
  it.each([
    "„https://a.example/x“",
    "“https://a.example/x”",
    "»https://a.example/x«",
    "‚https://a.example/x‘",
    "'https://a.example/x'",
    '"https://a.example/x"',
    "见https://a.example/x。".slice(1),
    "https://a.example/x。これは",
    "https://a.example/x、y",
    "（https://a.example/x）",
    "「https://a.example/x」",
    "【https://a.example/x】",
    "https://a.example/x—und dann",
    "https://a.example/x – dann",
    "https://a.example/x…",
    "https://a.example/x...",
    "https://a.example/x؟",
    "https://a.example/x।",
    "<https://a.example/x>",
    "[https://a.example/x]",
    "Siehe: https://a.example/x!",
    "(siehe https://a.example/x).",
    "https://a.example/x\u2028neu",
    "„Siehe https://a.example/x.“",
    "(https://a.example/x.)",
    "https://a.example/x: dort",
    "https://a.example/x!“",
    "‘https://a.example/x’",
    "*https://a.example/x*",
    "https://a.example/x’",
    "https://a.example/x – und https",
  ])("R7 %j ends where the sentence says", (content) => {
    expect(shown(content)).toEqual(["https://a.example/x"]);
    expect(joined(content)).toBe(content);
  });

  it.each([
    "https://a.example/it's",
    "https://a.example/it’s",
    "https://en.example/wiki/Michelson–Morley_experiment",
    "https://a.example/a_(b)",
    "https://de.example.org/wiki/Straße?q=ä#Über",
    "https://a.example/?q=1,2;3&x=[1]",
    "http://localhost:3000/invite/x-y_z",
    "https://1.1.1.1/x",
    "HTTPS://Example.ORG/Path",
    "https://www.hausarzt-köln.de/",
    "https://xn--80ak6aa92e.com/",
  ])("R7 %s is one link as it stands", (content) => expect(shown(content)).toEqual([content]));

  it.each([
    "https://a.example\\@evil.example",
    "https://a.example/x\\@evil.example",
    "https://a.example@evil.example",
    "https://a.example:pw@evil.example/x",
    "https://a.example%2eevil.example/",
    "http://0x7f.1/",
    "http://2130706433/",
    "http://127.1/",
    "http:/\\a.example",
  ])("R7 %j would open what it does not show, and stays text", (content) => {
    expect(links(content)).toEqual([]);
    expect(joined(content)).toBe(content);
  });

  it("R7 a host in letters that look like others is shown by its true name", () => {
    expect(shown("https://аррӏе.com/x")).toEqual(["https://xn--80ak6aa92e.com/x"]);
    expect(shown("https://a.example\u2215x.evil.example/")).toEqual(["https://a.xn--examplex-4f7d.evil.example/"]);
    expect(shown("https://a.example\u2044x.evil.example")).toEqual(["https://a.xn--examplex-k03d.evil.example"]);
    expect(shown("www.ɡoogle.com")).toEqual(["www.xn--oogle-qmc.com"]);
    expect(shown("info@mаil.example")).toEqual(["info@xn--mil-6cd.example"]);
  });

  it.each([
    ["www.a.example/x, so", "www.a.example/x", "https://www.a.example/x"],
    ["(www.praxis-köln.de)", "www.praxis-köln.de", "https://www.xn--praxis-kln-lcb.de/"],
    ["WWW.Example.org.", "WWW.Example.org", "https://www.example.org/"],
  ])("R7 %s opens over https", (content, text, href) => {
    expect(linkParts(content)).toEqual([{ kind: "link", text, href }]);
  });

  it.each([
    "www.",
    "www.x",
    "www",
    "wwww.example.org.x",
    "awww.example.org",
    "befund.zip",
    "Z.n.Sturz",
    "5.mg",
    "e.g.",
  ])("R7 %s is no address", (content) => expect(links(content)).toEqual([]));
});

describe("R7 mail addresses", () => {
  it.each([
    ["An info@praxis.de.", "info@praxis.de"],
    ["„info@praxis.de“", "info@praxis.de"],
    ["E-Mail:info@praxis.de", "info@praxis.de"],
    ["<anna.maria+x@sub.praxis-nord.example>", "anna.maria+x@sub.praxis-nord.example"],
    ["info@praxis.de—oder", "info@praxis.de"],
  ])("R7 %s", (content, address) => {
    expect(linkParts(content)).toEqual([{ kind: "link", text: address, href: `mailto:${address}` }]);
  });

  it("R7 what would be hidden in a mail is not opened with it", () => {
    expect(links("mailto:a@b.de?bcc=evil&body=x")).toEqual(["mailto:a@b.de"]);
    expect(links("a&cc=x@b.de")).toEqual([]);
  });

  it.each(["müller@praxis.de", "a@b", "@praxis.de", "x@1.2.3.4", "3@5.6", "ftp://me@praxis.de/", "a@b@c.de"])(
    "R7 %s stays text",
    (content) => expect(links(content)).toEqual([]),
  );
});

describe("R7 telephone numbers", () => {
  it.each([
    ["Tel. 030 1234567", "030 1234567", "0301234567"],
    ["030/123456-12", "030/123456-12", "03012345612"],
    ["(030) 123 45 67", "(030) 123 45 67", "0301234567"],
    ["030 / 123 45 67,", "030 / 123 45 67", "0301234567"],
    ["0251 83-0", "0251 83-0", "0251830"],
    ["0171-1234567", "0171-1234567", "01711234567"],
    ["01711234567", "01711234567", "01711234567"],
    ["0800 1234567", "0800 1234567", "08001234567"],
    ["Telefon: 03012345678", "03012345678", "03012345678"],
    ["+49 30 1234567.", "+49 30 1234567", "+49301234567"],
    ["+49 (0)30 1234567-12", "+49 (0)30 1234567-12", "+4930123456712"],
    ["+49(0)171 1234567", "+49(0)171 1234567", "+491711234567"],
    ["(+49) 30 1234567", "(+49) 30 1234567", "+49301234567"],
    ["0049 30 123456", "0049 30 123456", "+4930123456"],
    ["004930123456", "004930123456", "+4930123456"],
    ["+1 (555) 123-4567", "+1 (555) 123-4567", "+15551234567"],
    ["+33 1 23 45 67 89", "+33 1 23 45 67 89", "+33123456789"],
    ["+43 1 40400", "+43 1 40400", "+43140400"],
    ["\u202a+49\u00a030\u00a01234567\u202c", "+49\u00a030\u00a01234567", "+49301234567"],
    ["030 1234567 10 Uhr", "030 1234567", "0301234567"],
    ["030 123456 - 5 mg", "030 123456", "030123456"],
    ["030 1234567 2x täglich", "030 1234567", "0301234567"],
    ["030 1234567 12.03.2026", "030 1234567", "0301234567"],
  ])("R7 %j", (content, text, number) => {
    expect(linkParts(content)).toEqual([{ kind: "link", text, href: `tel:${number}` }]);
  });

  it("R7 two numbers beside each other are two", () => {
    expect(links("030 1234567 / 0171 7654321, +49 30 1111111 +49 30 2222222")).toEqual([
      "tel:0301234567",
      "tel:01717654321",
      "tel:+49301111111",
      "tel:+49302222222",
    ]);
  });

  it.each([
    "5-10 mg",
    "0,5-1 mg 2x",
    "1-0-1",
    "0-0-1-0",
    "0,25 0,5 0,75 1,0",
    "12.03.2026",
    "01.02.2026 - 05.02.2026",
    "2026-03-01",
    "03/2026 bis 06/2026",
    "08:30-09:30",
    "0730 0830 0930",
    "0800-1600 Uhr",
    "120/80",
    "RR 130/085 mmHg",
    "M54.5 Z01.0 F32.1",
    "DE89 3704 0044 0532 0130 00",
    "DE89370400440532013000",
    "PZN 01234567",
    "PZN-01234567",
    "NDC 0777-3105-02",
    "Seriennummer: 0171 1234567",
    "Az. 0763/2026",
    "Fall-Nr. 0307654321",
    "Fallnummer: 0171 1234567",
    "04103 Uetersen",
    "4711 0815 1234",
    "8-931.0",
    "A123456789",
    "Leukozyten 4500 /µl, Kreatinin 0.91, TSH 1,25",
    "INR 2-3",
    "+5",
    "Na+ 140",
    "SpO2 98 %",
    "065 kg",
    "v1.02.0345",
    "0301234567890123456789",
    "tag_0171 1234567x",
  ])("R7 %s is nothing to call", (content) => expect(links(content)).toEqual([]));

  it.each([
    ["Rufen Sie 112!", ["tel:112"]],
    ["Notruf: 112", ["tel:112"]],
    ["Im Notfall die 112 anrufen", ["tel:112"]],
    ["Bitte wählen Sie sofort die 112.", ["tel:112"]],
    ["Call 112 now", ["tel:112"]],
    ["In an emergency dial 911", ["tel:911"]],
    ["Ärztlicher Bereitschaftsdienst: 116 117", ["tel:116117"]],
    ["116117", ["tel:116117"]],
    ["Puls 112", []],
    ["RR 112/70", []],
    ["Rufen Sie bei einem Puls über 112 an", []],
    ["112 mg", []],
    ["110 cm, 112 kg", []],
    ["Rufen Sie 112-mal", []],
    ["Thrombozyten 116117/µl", []],
    ["RR 116 117", []],
    ["999 Leukozyten", []],
  ])("R7 %s: %j", (content, expected) => expect(links(content)).toEqual(expected));
});

describe("R7 what is shown is what is opened", () => {
  const bits = fc.constantFrom(
    ...[
      "https://",
      "http://",
      "www.",
      "a.example",
      "evil.example",
      "@",
      "\\",
      "/",
      ":",
      "?",
      "#",
      ".",
      " ",
      "%2e",
      "0x7f",
    ],
    ...[
      "\u202e",
      "\u200b",
      "\u00ad",
      "аррӏе",
      "ä",
      "。",
      "“",
      "(",
      ")",
      "'",
      "mailto:",
      "info",
      "+49",
      "030",
      "1234567",
    ],
    ...["112", "-", "\n", "\t", "[", "]", "::1", "443", "xn--", "é", "ß", "👍", "&", "=", "javascript:", "tel:"],
  );
  const digitsOf = (text: string) =>
    text
      .replace("(0)", "")
      .replace(/^\D*00/, "+")
      .replace(/[^\d+]/g, "");

  it("R7 holds for whatever is put together", () => {
    fc.assert(
      fc.property(fc.array(bits, { maxLength: 14 }), (parts) => {
        const content = parts.join("");
        for (const { text, href } of linkParts(content)) {
          expect(text).not.toMatch(/[\p{Cc}\p{Cf}\\]/u);
          const { protocol, hostname, username, password, host } = new URL(href);
          expect(["http:", "https:", "mailto:", "tel:"]).toContain(protocol);
          expect([username, password]).toEqual(["", ""]);
          if (protocol === "tel:") expect(href).toBe(`tel:${digitsOf(text)}`);
          else if (protocol === "mailto:")
            expect(href.split("@")[1]).toBe(new URL(`https://${text.split("@")[1]}`).hostname);
          else {
            const written = text.replace(/^https?:\/\//i, "").split(/[/?#]/, 1)[0] ?? "";
            expect(new URL(`${protocol}//${written}`).host).toBe(host);
            expect(written.toLowerCase().replace(/:\d+$/, "")).toMatch(
              /ä|ß/.test(written) ? /^[a-z0-9.äß-]+$/ : /^[!-~]+$/,
            );
            if (!/ä|ß/.test(written)) expect(written.toLowerCase().replace(/:\d+$/, "")).toBe(hostname);
          }
        }
      }),
      { numRuns: 1_500 },
    );
  });

  it("R7 however a message is written, its links are found in bounded time", () => {
    const nasty = [
      "(",
      "0 ",
      "01 ",
      "030 ",
      "www.",
      "a@",
      "https://",
      "http://a@ ",
      "https://a.b/('\"[",
      "+4 ",
      "112 ",
      "a.",
    ];
    const startedAt = performance.now();
    for (const bit of nasty) splitLinks(bit.repeat(4_000 / bit.length));
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });
});
