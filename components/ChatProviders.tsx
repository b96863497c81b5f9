"use client";

import { useState } from "react";
import { ChatClientContext } from "@/hooks/useChatClient";
import { chatClientOf } from "@/lib/browser/create-chat-client";
import type { Parts } from "@/lib/jsx/content";
import type { User } from "@/lib/protocol/user";
import { LeaveGuard } from "./LeaveGuard";

interface ChatProvidersProps {
  currentUser: User;
  children: Parts;
}

/** Gives every chat hook below it the one client of this tab. */
export function ChatProviders({ currentUser, children }: ChatProvidersProps) {
  return (
    <ChatClientProvider key={currentUser.id} currentUser={currentUser}>
      {children}
    </ChatClientProvider>
  );
}

function ChatClientProvider({ currentUser, children }: ChatProvidersProps) {
  const [client] = useState(() => chatClientOf(currentUser));
  return (
    <ChatClientContext value={client}>
      <LeaveGuard />
      {children}
    </ChatClientContext>
  );
}
