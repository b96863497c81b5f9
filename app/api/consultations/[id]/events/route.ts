import { eventsQuerySchema } from "@/lib/protocol/commands";
import { consultationIds } from "@/lib/server/http/path-ids";
import { route, sessionEndpoint } from "@/lib/server/http/route";
import { readEvents } from "@/lib/server/queries/read-events";

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = route({
  GET: sessionEndpoint({
    ids: consultationIds,
    query: eventsQuerySchema,
    handle: async ({ claim, ids, query }) => ({ body: await readEvents(claim, ids.id, query) }),
  }),
});
