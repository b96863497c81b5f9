import { checkHealth } from "@/lib/server/http/health";
import { openEndpoint, route } from "@/lib/server/http/route";

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = route({
  GET: openEndpoint({
    async handle() {
      const health = await checkHealth();
      return { status: health.status === "unavailable" ? 503 : 200, body: health };
    },
  }),
});
