import type { RoomObserver } from "./channel-registry";
import { LeaveDelay } from "./leave-delay";
import type { WebhookEvent, WebhookSender } from "./webhook-sender";

export interface ClientEventReport {
  channel: string;
  event: string;
  data: string | undefined;
  socket_id: string;
  user_id?: string;
}

/** Turns what happens in the rooms into webhook events. Silent once closed: a closing server is not people leaving. */
export class WebhookFeed implements RoomObserver {
  readonly #leaves: LeaveDelay;
  #open = true;

  constructor(
    private readonly sender: WebhookSender,
    leaveDelayMs: number,
  ) {
    this.#leaves = new LeaveDelay(leaveDelayMs);
  }

  occupied(channel: string): void {
    if (!this.#leaves.returned(channel)) this.#tell({ name: "channel_occupied", channel });
  }

  vacated(channel: string): void {
    this.#tellLater(channel, { name: "channel_vacated", channel });
  }

  memberAdded(channel: string, userId: string): void {
    if (this.#leaves.returned(memberKey(channel, userId))) return;
    this.#tell({ name: "member_added", channel, user_id: userId });
  }

  memberRemoved(channel: string, userId: string): void {
    this.#tellLater(memberKey(channel, userId), { name: "member_removed", channel, user_id: userId });
  }

  clientEvent(report: ClientEventReport): void {
    this.#tell({ name: "client_event", ...report });
  }

  async close(): Promise<void> {
    this.#leaves.flush();
    this.#open = false;
    await this.sender.close();
  }

  #tell(event: WebhookEvent): void {
    if (this.#open) this.sender.enqueue(event);
  }

  #tellLater(key: string, event: WebhookEvent): void {
    if (this.#open) this.#leaves.left(key, () => this.#tell(event));
  }
}

// A channel name cannot hold a space.
function memberKey(channel: string, userId: string): string {
  return `${channel} ${userId}`;
}
