import { describe, expect, it } from "vitest";
import { splitLinks } from "@/components/chat/split-links";

const links = (content: string) => splitLinks(content).flatMap((part) => (part.kind === "link" ? [part.href] : []));
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
    const content = "a https://example.org/x?y=1&z=ä, b\nhttp://example.com!!";
    expect(joined(content)).toBe(content);
  });
});
