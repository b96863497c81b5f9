import { route, sessionEndpoint } from "@/lib/server/http/route";
import { listColleagues } from "@/lib/server/queries/list-colleagues";

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = route({
  GET: sessionEndpoint({
    handle: async ({ claim }) => ({ body: { users: await listColleagues(claim) } }),
  }),
});
