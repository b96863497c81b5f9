import { messagesQuerySchema } from "@/lib/protocol/commands";
import { consultationIds } from "@/lib/server/http/path-ids";
import { route, sessionEndpoint } from "@/lib/server/http/route";
import { readMessages } from "@/lib/server/queries/read-messages";

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = route({
  GET: sessionEndpoint({
    ids: consultationIds,
    query: messagesQuerySchema,
    handle: async ({ claim, ids, query }) => ({ body: await readMessages(claim, ids.id, query) }),
  }),
});
