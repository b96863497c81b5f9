import { consultationIds } from "@/lib/server/http/path-ids";
import { route, sessionEndpoint } from "@/lib/server/http/route";
import { readSnapshot } from "@/lib/server/queries/read-snapshot";

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = route({
  GET: sessionEndpoint({
    ids: consultationIds,
    handle: async ({ claim, ids }) => ({ body: await readSnapshot(claim, ids.id) }),
  }),
});
