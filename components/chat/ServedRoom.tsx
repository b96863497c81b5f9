"use client";

import type { ComponentProps } from "react";
import { ChatRoom } from "./ChatRoom";
import { roomPart } from "./later-room";

// It is here: no room that is opened after it has to be asked for.
roomPart.give(ChatRoom);

export function ServedRoom(props: ComponentProps<typeof ChatRoom>) {
  return <ChatRoom {...props} />;
}
