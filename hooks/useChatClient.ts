"use client";

import { createContext, useContext } from "react";
import type { ChatClient } from "@/lib/browser/create-chat-client";

export const ChatClientContext = createContext<ChatClient | null>(null);

export function useChatClient(): ChatClient {
  const client = useContext(ChatClientContext);
  if (!client) throw new Error("Chat hooks need <ChatProviders> above them");
  return client;
}
