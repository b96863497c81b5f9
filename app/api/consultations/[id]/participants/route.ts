import { addParticipantSchema } from "@/lib/protocol/commands";
import { addParticipant } from "@/lib/server/commands/add-participant";
import { json } from "@/lib/server/http/body";
import { consultationIds } from "@/lib/server/http/path-ids";
import { route, sessionEndpoint } from "@/lib/server/http/route";

const body = json(addParticipantSchema);

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = route({
  POST: sessionEndpoint({
    limit: "changes",
    ids: consultationIds,
    body,
    handle: async ({ claim, ids, body: added }) => ({ body: await addParticipant(claim, ids.id, added) }),
  }),
});
