import type { ReactNode } from "react";
import { ChatProviders } from "@/components/ChatProviders";
import { Notices } from "@/components/notices/Notices";
import type { Parts } from "@/lib/jsx/content";
import { currentViewer } from "@/lib/server/auth/viewer";

/** Each page sends visitors to sign in by itself: only it knows where they wanted to go. */
export default async function AppLayout({ children }: { children: ReactNode }) {
  const viewer = await currentViewer();
  if (!viewer) return children;
  return (
    <ChatProviders currentUser={viewer}>
      {children as Parts}
      <Notices />
    </ChatProviders>
  );
}
