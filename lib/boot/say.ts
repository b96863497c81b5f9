/** How boot talks to whoever started it. */
export interface Say {
  info(text: string): void;
  problem(text: string): void;
}

/** To the terminal: what is in order to stdout, what is not to stderr. */
export const sayOnConsole: Say = {
  info: (text) => console.log(text),
  problem: (text) => console.error(`[murph] ${text}`),
};

/** For the person at the terminal: what is wrong, and the stack only where somebody asked for details. */
export function describeProblem(error: unknown): string {
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  return process.env.MURPH_LOG_LEVEL === "debug" && stack ? stack : message;
}
