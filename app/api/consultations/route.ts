import { route, sessionEndpoint } from "@/lib/server/http/route";
import { listConsultations } from "@/lib/server/queries/list-consultations";

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = route({
  GET: sessionEndpoint({
    handle: async ({ claim }) => ({ body: { consultations: await listConsultations(claim) } }),
  }),
});
