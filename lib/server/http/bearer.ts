import "server-only";
import { createHash, timingSafeEqual } from "node:crypto";
import { AppError } from "@/lib/server/app-error";

/** Refuses a caller who does not bring this secret; without a secret everybody. Compared in constant time. */
export function requireBearer(headers: Headers, secret: string | null): void {
  const given = /^Bearer (.+)$/.exec(headers.get("authorization") ?? "")?.[1];
  if (secret === null || given === undefined || !timingSafeEqual(digest(given), digest(secret))) {
    throw new AppError("unauthenticated");
  }
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
