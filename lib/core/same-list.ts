/** Whether two lists hold the very same values: then the older one can stay, and nothing that it was given to renders. */
export function isSameList<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}
