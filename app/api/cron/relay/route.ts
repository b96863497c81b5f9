import { runtime } from "@/lib/runtime";
import { requireBearer } from "@/lib/server/http/bearer";
import { openEndpoint, route } from "@/lib/server/http/route";
import { keepHouseOnce } from "@/lib/server/relay/housekeeping";

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = route({
  POST: openEndpoint({
    authorize: ({ headers }) => requireBearer(headers, runtime().env.cronSecret),
    handle: async () => ({ body: await keepHouseOnce() }),
  }),
});
