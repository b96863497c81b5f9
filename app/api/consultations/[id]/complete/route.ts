import { completeConsultationSchema } from "@/lib/protocol/commands";
import { announceCompletion, withdrawCompletion } from "@/lib/server/commands/announce-completion";
import { completeConsultation } from "@/lib/server/commands/complete-consultation";
import { json } from "@/lib/server/http/body";
import { consultationIds } from "@/lib/server/http/path-ids";
import { route, sessionEndpoint } from "@/lib/server/http/route";

const body = json(completeConsultationSchema, { optional: true });

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = route({
  POST: sessionEndpoint({
    limit: "changes",
    ids: consultationIds,
    body,
    async handle({ claim, ids, body: { afterSeconds, closingNote } }) {
      const done =
        afterSeconds === undefined
          ? completeConsultation(claim, ids.id, { closingNote })
          : announceCompletion(claim, ids.id, { afterSeconds, closingNote });
      return { body: await done };
    },
  }),
  DELETE: sessionEndpoint({
    limit: "changes",
    ids: consultationIds,
    handle: async ({ claim, ids }) => ({ body: await withdrawCompletion(claim, ids.id) }),
  }),
});
