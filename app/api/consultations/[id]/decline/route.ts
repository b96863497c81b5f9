import * as z from "zod";
import { answerRequest } from "@/lib/server/commands/answer-request";
import { json } from "@/lib/server/http/body";
import { consultationIds } from "@/lib/server/http/path-ids";
import { route, sessionEndpoint } from "@/lib/server/http/route";

const body = json(z.object({}), { optional: true });

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = route({
  POST: sessionEndpoint({
    limit: "changes",
    ids: consultationIds,
    body,
    handle: async ({ claim, ids: { id } }) => ({ body: await answerRequest(claim, id, false) }),
  }),
});
