import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";

interface Program {
  /** Environment variable that names it, for machines where it is somewhere else. */
  readonly variable: string;
  readonly paths: readonly string[];
  readonly debianPackage: string;
}

export const FIREFOX: Program = {
  variable: "FIREFOX_BIN",
  paths: ["/usr/bin/firefox-esr", "/usr/bin/firefox", "/Applications/Firefox.app/Contents/MacOS/firefox"],
  debianPackage: "firefox-esr",
};

export const WEBKIT_DRIVER: Program = {
  variable: "WEBKIT_DRIVER_BIN",
  paths: ["/usr/bin/WebKitWebDriver"],
  debianPackage: "webkit2gtk-driver",
};

export const MINI_BROWSER: Program = {
  variable: "MINI_BROWSER_BIN",
  paths: ["x86_64", "aarch64"].flatMap((machine) =>
    ["4.1", "4.0"].map((version) => `/usr/lib/${machine}-linux-gnu/webkit2gtk-${version}/MiniBrowser`),
  ),
  debianPackage: "webkit2gtk-driver",
};

export const XVFB: Program = { variable: "XVFB_BIN", paths: ["/usr/bin/Xvfb"], debianPackage: "xvfb" };

/** Where the program is. As root on Debian it is installed where it is missing; elsewhere it throws with instructions. */
export function ensureProgram({ variable, paths, debianPackage }: Program): string {
  const find = () => [process.env[variable], ...paths].find((file) => file && existsSync(file));
  const found = find();
  if (found) return found;
  if (process.getuid?.() === 0 && existsSync("/usr/bin/apt-get")) {
    console.log(`${debianPackage} is not there, installing it ...`);
    execFileSync("apt-get", ["update"], { stdio: "inherit" });
    execFileSync("apt-get", ["install", "-y", "--no-install-recommends", debianPackage], { stdio: "inherit" });
  }
  const installed = find();
  if (installed) return installed;
  throw new Error(`The engine tests need ${debianPackage}: install your system's package, or set ${variable}.`);
}
