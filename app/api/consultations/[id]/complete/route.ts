import { completeConsultationSchema } from "@/lib/protocol/commands";
import { completeConsultation } from "@/lib/server/commands/complete-consultation";
import { json } from "@/lib/server/http/body";
import { consultationIds } from "@/lib/server/http/path-ids";
import { route, sessionEndpoint } from "@/lib/server/http/route";

const body = json(completeConsultationSchema, { optional: true });

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = route({
  POST: sessionEndpoint({
    ids: consultationIds,
    body,
    handle: async ({ claim, ids, body: options }) => ({ body: await completeConsultation(claim, ids.id, options) }),
  }),
});
