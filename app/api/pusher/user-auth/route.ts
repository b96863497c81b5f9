import { authenticateUser } from "@/lib/pusher/server";
import { form } from "@/lib/server/http/body";
import { socketIdOf } from "@/lib/server/http/pusher-form";
import { route, sessionEndpoint } from "@/lib/server/http/route";
import { readViewer } from "@/lib/server/queries/read-viewer";

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = route({
  POST: sessionEndpoint({
    readOnly: true,
    limit: "channel-auth",
    body: form(),
    async handle({ claim, body }) {
      const socketId = socketIdOf(body);
      const viewer = await readViewer(claim);
      return { body: authenticateUser(socketId, viewer.id) };
    },
  }),
});
