import { editMessageSchema } from "@/lib/protocol/commands";
import { deleteMessage } from "@/lib/server/commands/delete-message";
import { editMessage } from "@/lib/server/commands/edit-message";
import { json } from "@/lib/server/http/body";
import { messageIds } from "@/lib/server/http/path-ids";
import { route, sessionEndpoint } from "@/lib/server/http/route";

const body = json(editMessageSchema);

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = route({
  PATCH: sessionEndpoint({
    limit: "changes",
    ids: messageIds,
    body,
    handle: async ({ claim, ids, body: change }) => ({ body: await editMessage(claim, ids.id, change) }),
  }),
  DELETE: sessionEndpoint({
    limit: "changes",
    ids: messageIds,
    handle: async ({ claim, ids }) => ({ body: await deleteMessage(claim, ids.id) }),
  }),
});
