/** Where our tables and functions are, in a database that may hold others beside them. */
export const DEFAULT_SCHEMA = "murph";

const SEARCH_PATH = /-c\s*search_path=([a-z_][a-z0-9_]*)/;

/**
 * The same connection, with `schema` as the place where names are looked up: by PostgreSQL's startup parameter `options`,
 * which every driver sends. A URL that names one keeps it.
 */
export function inSchema(url: string, schema: string): string {
  const changed = new URL(url);
  const options = changed.searchParams.get("options") ?? "";
  if (SEARCH_PATH.test(options)) return url;
  changed.searchParams.delete("options");
  const parameter = `options=${encodeURIComponent(`${options} -c search_path=${schema}`.trim())}`;
  changed.search = changed.search ? `${changed.search}&${parameter}` : parameter;
  return changed.href;
}

export function schemaOf(url: string): string {
  return SEARCH_PATH.exec(new URL(url).searchParams.get("options") ?? "")?.[1] ?? DEFAULT_SCHEMA;
}
