import { removeParticipant } from "@/lib/server/commands/remove-participant";
import { participantIds } from "@/lib/server/http/path-ids";
import { route, sessionEndpoint } from "@/lib/server/http/route";

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = route({
  DELETE: sessionEndpoint({
    limit: "changes",
    ids: participantIds,
    handle: async ({ claim, ids: { id, userId } }) => ({ body: await removeParticipant(claim, id, { userId }) }),
  }),
});
