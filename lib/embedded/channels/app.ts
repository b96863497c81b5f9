import type { ChannelRegistry } from "./channel-registry";
import type { Limits } from "./limits";
import type { Credentials } from "./signatures";
import type { UserRegistry } from "./user-registry";
import type { WebhookFeed } from "./webhook-feed";

/** The one app a server serves: what the socket side and the REST side share. */
export interface App {
  readonly credentials: Credentials;
  readonly limits: Limits;
  readonly channels: ChannelRegistry;
  readonly users: UserRegistry;
  readonly webhooks: WebhookFeed;
}
