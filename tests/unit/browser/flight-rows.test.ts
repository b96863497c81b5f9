import { describe, expect, it } from "vitest";
import { hasFailedPart } from "@/lib/browser/flight-rows";

const failed = (rows: string) => hasFailedPart(new TextEncoder().encode(rows));

describe("W6 a page of which a part failed on the server", () => {
  it.each([
    ["a failed part", '0:{"t":"$L1"}\n1:E{"digest":"2338"}\n'],
    ["one without its line end", '0:{}\n1:E{"digest":"2338"}'],
    ["one that says nothing", "0:{}\n1:E{}\n"],
    ["one that cannot be read", "0:{}\n1:E{\n"],
    ["one right behind words with a length", '0:{}\n2:T6,a\n1:E{1a:E{"digest":"2338"}\n'],
    ["one behind bytes", '0:{}\n2:o3,\n\n\n1:E{"digest":"2338"}\n'],
    ["one behind a row without a tag, a hint and a module", '0:{}\n:HL["/x.css"]\n3:I[1,[]]\n1:E{"digest":"2338"}\n'],
  ])("W6 %s", (_, rows) => {
    expect(failed(rows)).toBe(true);
  });

  it.each([
    ["a whole one", '0:{"t":"$L1"}\n1:["$","main",null,{}]\n'],
    ["nothing", ""],
    ["a page that is not there", '0:{}\n1:E{"digest":"NEXT_HTTP_ERROR_FALLBACK;404"}\n'],
    ["another page to go to", '0:{}\n1:E{"digest":"NEXT_REDIRECT;replace;/sign-in;307;"}\n'],
    ["words of somebody that look like one", '0:{}\n2:T16,x\n1:E{"digest":"2338"}3:"end"\n'],
    ["short words that look like one", `0:{"t":${JSON.stringify('x\n1:E{"digest":"2338"}\n')}}\n`],
    ["what is no such answer", "<h1>Welcome</h1>"],
    ["a length that is none", "1:Tzz,"],
  ])("W6 not %s", (_, rows) => {
    expect(failed(rows)).toBe(false);
  });
});
