/** For what cannot happen: a broken invariant stops here instead of showing something untrue. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`Broken invariant: ${message}`);
}
