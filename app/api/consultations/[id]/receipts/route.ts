import { receiptSchema } from "@/lib/protocol/commands";
import { recordReceipt } from "@/lib/server/commands/record-receipt";
import { json } from "@/lib/server/http/body";
import { consultationIds } from "@/lib/server/http/path-ids";
import { route, sessionEndpoint } from "@/lib/server/http/route";

const body = json(receiptSchema);

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = route({
  POST: sessionEndpoint({
    ids: consultationIds,
    body,
    handle: async ({ claim, ids, body: receipt }) => ({ body: await recordReceipt(claim, ids.id, receipt) }),
  }),
});
