import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { config } from "@/proxy";

const passes = (path: string) => config.matcher.some((pattern) => new RegExp(`^${pattern}$`).test(path));

test("S2 the files of public/ go past the proxy, each by its own name, and nothing else that looks like a file does", () => {
  const files = [...readdirSync("public"), "icon.svg"].map((name) => `/${name}`);
  expect(files.filter(passes)).toEqual([]);
  const pages = [
    "/",
    "/sign-in",
    "/consultations/x.png",
    "/consultations/favicon.ico",
    "/xfavicon.ico",
    "/x.txt",
    "/apix",
  ];
  expect(pages.filter((path) => !passes(path))).toEqual([]);
});
