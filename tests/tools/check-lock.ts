import { readFileSync } from "node:fs";

/**
 * npm silently leaves optional platform packages that its registry lacks out of the lock file, and `npm ci` then fails
 * everywhere. Exits 1 naming those that any package lists and the lock does not hold.
 */
const { packages } = JSON.parse(readFileSync("package-lock.json", "utf8")) as {
  packages: Record<string, { optionalDependencies?: Record<string, string> }>;
};
const held = new Set(Object.keys(packages).map((place) => place.split("node_modules/").at(-1)));
const missing = new Set(
  Object.values(packages)
    .flatMap(({ optionalDependencies = {} }) => Object.keys(optionalDependencies))
    .filter((name) => !held.has(name)),
);
if (missing.size > 0) {
  console.error(`package-lock.json lacks optional packages: ${[...missing].join(", ")}`);
  console.error("Pin a complete version, delete the lock and node_modules, and install again.");
  process.exit(1);
}
