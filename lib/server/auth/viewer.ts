import "server-only";
import { cookies } from "next/headers";
import { cache } from "react";
import type { User } from "@/lib/protocol/user";
import { AppError } from "@/lib/server/app-error";
import type { Claim } from "@/lib/server/claim";
import { reachOurs } from "@/lib/server/http/reach";
import { readViewer } from "@/lib/server/queries/read-viewer";
import { readToken } from "./claim-cookie";

/** What the page's cookie claims; commands and queries judge it. Null: nobody is signed in. */
export const currentClaim = cache(async (): Promise<Claim | null> => {
  reachOurs();
  return (await readToken(await cookies()))?.claim ?? null;
});

/** Who looks at the page, judged by the database; null when nobody does or the session has ended. */
export const currentViewer = cache(async (): Promise<User | null> => {
  const claim = await currentClaim();
  if (!claim) return null;
  try {
    return await readViewer(claim);
  } catch (error) {
    if (error instanceof AppError && error.code === "session-ended") return null;
    throw error;
  }
});
