import "./zod-settings";
import * as z from "zod";

/** Client events on the presence channel: the only ones that anybody listens to. */
export const TYPING_START = "client-typing-start";
export const TYPING_STOP = "client-typing-stop";

const LONGEST_JSON = 256;

/**
 * What comes with them. Who types is the server's word beside the event, so nothing in here is ever read; what does
 * not even look like ours (words, markup, ten kilobytes, an object that wants to be a prototype) is dropped.
 */
export const typingSchema = z.custom<Record<string, unknown>>(
  (data) =>
    typeof data === "object" &&
    data !== null &&
    !Array.isArray(data) &&
    !Object.hasOwn(data, "__proto__") &&
    JSON.stringify(data).length <= LONGEST_JSON,
);
