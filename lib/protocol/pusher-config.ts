import "./zod-settings";
import * as z from "zod";

/**
 * What the browser needs to connect, known at run time only. `wsHost: null` means the origin the page came from
 * (the built-in server); then `wsPort` is null and `forceTLS` follows the page.
 */
export const pusherConfigSchema = z.object({
  key: z.string(),
  cluster: z.string().nullable(),
  wsHost: z.string().nullable(),
  wsPort: z.int().nullable(),
  forceTLS: z.boolean(),
  encrypted: z.boolean(),
});
export type PusherConfig = z.infer<typeof pusherConfigSchema>;

/** Answers of `POST /api/pusher/auth` and `/api/pusher/user-auth`, as pusher-js passes them on. */
export const channelAuthSchema = z.object({
  auth: z.string(),
  channel_data: z.string().optional(),
  shared_secret: z.string().optional(),
});
export const userAuthSchema = z.object({ auth: z.string(), user_data: z.string() });
