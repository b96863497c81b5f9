import { runtime } from "@/lib/runtime";
import { openEndpoint, route } from "@/lib/server/http/route";

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = route({
  GET: openEndpoint({ handle: async () => ({ body: runtime().publicPusher }) }),
});
