import { sendMessageSchema } from "@/lib/protocol/commands";
import { sendMessage } from "@/lib/server/commands/send-message";
import { json } from "@/lib/server/http/body";
import { route, sessionEndpoint } from "@/lib/server/http/route";

const body = json(sendMessageSchema);

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = route({
  POST: sessionEndpoint({
    limit: "sends",
    body,
    async handle({ claim, body: command }) {
      const { event, repeated } = await sendMessage(claim, command);
      return { status: repeated ? 200 : 201, body: { event } };
    },
  }),
});
