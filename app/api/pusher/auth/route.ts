import { signChannel } from "@/lib/server/http/authorize-channel";
import { form } from "@/lib/server/http/body";
import { channelNameOf, socketIdOf } from "@/lib/server/http/pusher-form";
import { route, sessionEndpoint } from "@/lib/server/http/route";

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = route({
  POST: sessionEndpoint({
    readOnly: true,
    limit: "channel-auth",
    body: form(),
    handle: async ({ claim, body }) => ({ body: await signChannel(claim, socketIdOf(body), channelNameOf(body)) }),
  }),
});
