import "./zod-settings";
import * as z from "zod";

/** "smtp": a mail server gets it. "simulated": it is kept and shown on /dev. "none": nobody gets to see it. */
export const mailModeSchema = z.enum(["smtp", "simulated", "none"]);
export type MailMode = z.infer<typeof mailModeSchema>;
