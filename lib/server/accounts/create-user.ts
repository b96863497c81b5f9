import "server-only";
import * as z from "zod";
import { nameSchema } from "@/lib/protocol/content";
import { roleSchema, type User } from "@/lib/protocol/user";
import { db } from "@/lib/server/db";
import { hashPassword } from "./password";
import { normaliseEmail } from "./verify-credentials";

/** As strict wherever somebody chooses one. */
export const passwordSchema = z.string().min(8, "too-short").max(1_000, "too-long");

const newUserSchema = z.object({
  email: z.string().transform(normaliseEmail).pipe(z.email().max(320)),
  name: nameSchema(200),
  role: roleSchema,
  password: passwordSchema,
  image: z.string().max(500).nullish(),
});
export type NewUser = z.input<typeof newUserSchema>;

/** Stores a person who can sign in. Throws ZodError on bad input and Prisma's P2002 when the address is taken. */
export async function createUser(input: NewUser): Promise<User> {
  const { password, ...fields } = newUserSchema.parse(input);
  const user = await db().user.create({
    data: { ...fields, image: fields.image ?? null, passwordHash: await hashPassword(password) },
  });
  return { id: user.id, role: user.role, name: user.name, image: user.image };
}
