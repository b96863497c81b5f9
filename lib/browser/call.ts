import type * as z from "zod";
import { type Answer, judgeAnswer } from "@/lib/protocol/answer";

/** No answer by then is an unknown outcome, not a failure (SND3). The body counts too: it may stall half-way. */
const TIMEOUT_MS = 10_000;

interface Called<T> {
  readonly answer: Answer<T>;
  /** null: nobody answered. */
  readonly headers: Headers | null;
}

/** Every call of our API from a page (SND4): what nobody answers, or somebody else, is "foreign". */
export async function call<Schema extends z.ZodType>(
  path: string,
  init: RequestInit,
  schema: Schema,
): Promise<Called<z.output<Schema>>> {
  try {
    // Our API redirects nobody; a portal that asks people to sign in does.
    const response = await fetch(path, { ...init, redirect: "error", signal: AbortSignal.timeout(TIMEOUT_MS) });
    return { answer: judgeAnswer(response.status, await response.text(), schema), headers: response.headers };
  } catch {
    return { answer: { kind: "foreign" }, headers: null };
  }
}
