import "./zod-settings";
import * as z from "zod";
import { uuidV4Schema } from "./ids";

export const roleSchema = z.enum(["PATIENT", "PRACTITIONER", "INTERPRETER"]);
export type Role = z.infer<typeof roleSchema>;

/** What any participant may know of another: never an e-mail address. */
export const userSchema = z.object({
  id: uuidV4Schema,
  role: roleSchema,
  name: z.string(),
  image: z.string().nullable(),
});
export type User = z.infer<typeof userSchema>;
