import { runSeeds } from "@/tests/simulation/run-seeds";

const argument = (name: string, otherwise: number): number => {
  const place = process.argv.indexOf(`--${name}`);
  return place === -1 ? otherwise : Number(process.argv[place + 1]);
};

const { failures, outcomes, seconds } = await runSeeds({ from: argument("from", 1), count: argument("seeds", 200) });
for (const { seed, rule, message } of failures)
  console.log(`seed ${seed}: ${rule} ${message.split("\n").slice(0, 4).join("\n")}`);
console.log(`${outcomes.length} histories, ${failures.length} failures, ${seconds.toFixed(1)} s`);
