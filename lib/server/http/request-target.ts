import "server-only";
import type { IncomingMessage } from "node:http";
import { runtime } from "@/lib/runtime";
import { AppError } from "@/lib/server/app-error";

/** "file": what is built or lies in public/; "dev": the dev server's own. */
export type Place = "page" | "api" | "file" | "dev";

const METHODS: Record<Place, readonly string[]> = {
  page: ["GET", "HEAD", "POST"],
  api: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
  file: ["GET", "HEAD"],
  dev: ["GET", "HEAD", "POST", "OPTIONS"],
};

export function placeOf(target: string): Place {
  const path = pathOf(target);
  if (path === "/api" || path.startsWith("/api/")) return "api";
  if (!runtime().env.production && /^\/(_next|__nextjs)/.test(path)) return "dev";
  if (path.startsWith("/_next/") || /\.[^/]*$/.test(path)) return "file";
  return "page";
}

/**
 * Refuses a target that is no path of ours, and a method that its place does not have: Next answers 500 to some of them
 * and sends others to the host that they name. `OPTIONS *` asks about the server as such.
 */
export function judgeTarget({ method = "", url = "" }: Pick<IncomingMessage, "method" | "url">): void {
  if (url === "*" && method === "OPTIONS") return;
  if (!url.startsWith("/") || !isReadable(pathOf(url))) {
    throw new AppError("malformed-request", { details: { reason: "path" } });
  }
  // Next's other name for the content of a page.
  if (pathOf(url).endsWith(".rsc")) throw new AppError("not-found");
  const allowed = METHODS[placeOf(url)];
  if (!allowed.includes(method)) {
    throw new AppError("method-not-allowed", { details: { allow: allowed.join(", ") } });
  }
}

function pathOf(target: string): string {
  return target.split(/[?#]/, 1)[0] ?? "";
}

function isReadable(path: string): boolean {
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}
