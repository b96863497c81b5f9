import { setReaction } from "@/lib/server/commands/set-reaction";
import { emojiOf, reactionIds } from "@/lib/server/http/path-ids";
import { type Endpoint, route, sessionEndpoint } from "@/lib/server/http/route";

function reacting(on: boolean): Endpoint {
  return sessionEndpoint({
    limit: "changes",
    ids: reactionIds,
    handle: async ({ claim, ids }) => ({
      body: await setReaction(claim, { messageId: ids.id, emoji: emojiOf(ids), on }),
    }),
  });
}

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = route({ PUT: reacting(true), DELETE: reacting(false) });
