import type { NewCommand } from "./ports";

/** What a person wrote and would miss; null: nothing that a click could not do again. */
export function wordsOf(command: NewCommand): string | null {
  return command.kind === "send" || command.kind === "edit" ? command.content : null;
}
