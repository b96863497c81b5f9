import "./zod-settings";
import * as z from "zod";

/**
 * One address, lower-cased. Stricter than the standard on purpose: what a mail system may read as two recipients, a
 * quoted part, a line break or a look-alike of "@" is no address here (ATK82).
 */
export const emailSchema = z
  .string()
  .max(254, "not-an-email")
  .transform((address) => address.trim().toLowerCase())
  .pipe(z.email("not-an-email"));
