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
