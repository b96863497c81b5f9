import { run } from "@/lib/boot/run";
import { diffMigrationsToSchema } from "@/lib/boot/schema-diff";

/** `npm run db:check`: exit code 1 and the difference when schema and migrations have drifted apart. */
run(async () => {
  const difference = await diffMigrationsToSchema();
  if (difference) throw new Error(`prisma/schema.prisma and prisma/migrations have drifted apart:\n\n${difference}`);
  console.log("The migrations make what the schema says.");
});
