import { createInterface } from "node:readline/promises";
import { parseArgs } from "node:util";
import { ZodError } from "zod";
import { askHidden } from "@/lib/boot/ask-hidden";
import { provideAuthSecret } from "@/lib/boot/auth-secret";
import { migrateDatabase, openDatabase, withPrepareLock } from "@/lib/boot/database";
import { run } from "@/lib/boot/run";
import { runtimeOf } from "@/lib/boot/runtime-of";
import { sayOnConsole } from "@/lib/boot/say";
import { onShutdown } from "@/lib/boot/shutdown";
import { parseEnv } from "@/lib/env";
import { setRuntime } from "@/lib/runtime";
import { createUser, type NewUser } from "@/lib/server/accounts/create-user";
import { disconnectDb } from "@/lib/server/db";

const USAGE = `npm run user:create -- --email E --name N [--role PRACTITIONER|PATIENT|INTERPRETER] [--password P]
Asks for what is missing. The role is PRACTITIONER unless said otherwise.`;

const RULES: Record<string, string> = {
  email: "the e-mail address is not valid",
  name: "the name must have 1 to 200 characters of one script, none of them a control character",
  role: "the role must be PRACTITIONER, PATIENT or INTERPRETER",
  password: "the password must have 8 to 1,000 characters",
};

/** `npm run user:create`: makes a person who can sign in. */
run(async () => {
  const { values } = parseArgs({
    options: {
      email: { type: "string" },
      name: { type: "string" },
      role: { type: "string" },
      password: { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) return console.log(USAGE);
  const input = {
    email: values.email ?? (await ask("E-mail: ")),
    name: values.name ?? (await ask("Name: ")),
    role: (values.role ?? "PRACTITIONER").toUpperCase() as NewUser["role"],
    password: values.password ?? (await askHidden("Password: ")),
  };

  const { env } = parseEnv(process.env);
  const database = await openDatabase(env, sayOnConsole);
  onShutdown({ stop: () => disconnectDb().finally(database.stop), stopSync: database.stopSync });
  await withPrepareLock(database, () => migrateDatabase(database));
  setRuntime(runtimeOf({ env, database, nextAuthSecret: provideAuthSecret(env), channels: null }));

  const user = await createUser(input).catch((error: unknown) => {
    throw new Error(`No user was made: ${reasonOf(error)}`);
  });
  console.log(`${user.name} can sign in now (${user.role}, ${user.id}).`);
});

async function ask(question: string): Promise<string> {
  if (!process.stdin.isTTY)
    throw new Error(`Give --email and --name; only the password may come from a pipe.\n${USAGE}`);
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return await terminal.question(question);
  } finally {
    terminal.close();
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof ZodError) {
    const fields = new Set(error.issues.map(({ path }) => String(path[0])));
    return [...fields].map((field) => RULES[field] ?? `${field} is not valid`).join("; ");
  }
  if ((error as { code?: string }).code === "P2002") return "that e-mail address has an account already";
  return (error as Error).message;
}
