import { verifyWebhook } from "@/lib/pusher/server";
import { AppError } from "@/lib/server/app-error";
import { raw } from "@/lib/server/http/body";
import { openEndpoint, route } from "@/lib/server/http/route";
import { heardFromProvider } from "@/lib/server/presence/webhook";

const MAX_WEBHOOK_BYTES = 1024 * 1024;

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = route({
  POST: openEndpoint({
    authorize({ headers }) {
      if (!headers.get("x-pusher-key") || !headers.get("x-pusher-signature")) throw new AppError("signature-invalid");
    },
    body: raw("application/json", MAX_WEBHOOK_BYTES),
    async handle({ request: { headers }, body }) {
      if (!verifyWebhook(body, headers.get("x-pusher-key") ?? "", headers.get("x-pusher-signature") ?? "")) {
        throw new AppError("signature-invalid");
      }
      heardFromProvider(body);
      return { body: {} };
    },
  }),
});
