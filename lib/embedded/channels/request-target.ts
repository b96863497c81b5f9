/** The target of an HTTP request, taken apart; null for what cannot be one. */
export function parseTarget(target: string | undefined): URL | null {
  if (!target?.startsWith("/")) return null;
  try {
    return new URL(`http://channels${target}`);
  } catch {
    return null;
  }
}
