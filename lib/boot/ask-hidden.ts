import { createInterface } from "node:readline";
import { Writable } from "node:stream";

/** Asks without showing what is typed. From a pipe it reads one line. */
export function askHidden(question: string): Promise<string> {
  process.stdout.write(question);
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: nowhere, terminal: process.stdin.isTTY });
  return new Promise((resolve) => {
    let answer = "";
    terminal.once("SIGINT", () => process.exit(130));
    terminal.once("line", (line) => {
      answer = line;
      terminal.close();
    });
    terminal.once("close", () => {
      process.stdout.write("\n");
      resolve(answer);
    });
  });
}
