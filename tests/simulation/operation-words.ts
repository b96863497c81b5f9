import type { Operation } from "./plan";

export function describeOperation(operation: Operation): string {
  const { at, kind, ...rest } = operation;
  const details = Object.entries(rest)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name} ${typeof value === "number" ? Math.round(value * 100) / 100 : value}`);
  return `${String(Math.round(at)).padStart(8)}  ${kind} ${details.join(", ")}`;
}
