import "./zod-settings";
import * as z from "zod";

/** What one person wants to be told, and how. Every field of a `PUT` is optional: what is missing stays as it is. */
export const preferencesSchema = z.object({
  /** null: the language of the browser. */
  locale: z.enum(["de", "en"]).nullable(),
  /** A notice inside the app, with name and preview. */
  toasts: z.boolean(),
  /** A notice of the browser, while the app is in the background. */
  browserNotifications: z.boolean(),
  /** Words in notices of the browser, which may lie on a locked screen for others to read. */
  previewInNotifications: z.boolean(),
  sound: z.boolean(),
  /** One mail per burst of messages that stayed unread. */
  mail: z.boolean(),
});
export type Preferences = z.infer<typeof preferencesSchema>;

export const preferencesChangeSchema = preferencesSchema.partial();

export const DEFAULT_PREFERENCES: Preferences = {
  locale: null,
  toasts: true,
  browserNotifications: false,
  previewInNotifications: false,
  sound: true,
  mail: true,
};
