import "@/lib/protocol/zod-settings";
import * as z from "zod";
import { openChannel } from "@/lib/browser/facilities";

const NAME = "murph-queue";

/** consultationId null: everything of this user was wiped. */
const changeSchema = z.object({ userId: z.string(), consultationId: z.string().nullable() });
export type QueueChange = z.infer<typeof changeSchema>;

/** How tabs tell each other to look at the queue again; nothing but ids goes over it. */
export class QueueChannel {
  readonly #channel = openChannel(NAME);

  constructor(onChange: (change: QueueChange) => void = () => {}) {
    this.#channel?.addEventListener("message", ({ data }: MessageEvent) => {
      const change = changeSchema.safeParse(data);
      if (change.success) onChange(change.data);
    });
  }

  tell(change: QueueChange): void {
    this.#channel?.postMessage(change);
  }

  close(): void {
    this.#channel?.close();
  }
}
