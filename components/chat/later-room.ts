import { drawnLater } from "@/components/ui/drawn-later";
import { ChatSkeleton } from "./ChatSkeleton";

/** For rooms that are opened in the page; one that the server renders comes with its document (`ServedRoom`). */
export const [OpenedRoom, roomPart] = drawnLater(async () => (await import("./ChatRoom")).ChatRoom, ChatSkeleton);
