import "server-only";
import { redirect } from "next/navigation";
import type { User } from "@/lib/protocol/user";
import { currentClaim, currentViewer } from "@/lib/server/auth/viewer";
import type { Claim } from "@/lib/server/claim";

/** Who looks at a page for members; others go to sign in and come back. */
export async function requireViewer(path: string): Promise<{ claim: Claim; viewer: User }> {
  const viewer = await currentViewer();
  const claim = await currentClaim();
  if (!viewer || !claim) redirect(`/sign-in?callbackUrl=${encodeURIComponent(path)}`);
  return { claim, viewer };
}
