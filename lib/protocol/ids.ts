import "./zod-settings";
import * as z from "zod";

/** User, consultation and attachment ids: random UUIDv4, because they stand in channel names and must not be guessable. */
export const uuidV4Schema = z.uuidv4();

/** Message ids: UUIDv7 made by the client, lower-cased before anything else looks at them. */
export const messageIdSchema = z.string().toLowerCase().pipe(z.uuidv7());
