import { v7 } from "uuid";
import type { Ids } from "@/lib/sync/ports";

/** Version 7 only keeps ids near each other in the index; no order is ever read from them. */
export const browserIds: Ids = { messageId: () => v7() };
