/** A state of migrations or functions that only a person can resolve. */
export class MigrationError extends Error {
  override name = "MigrationError";
}
