import * as z from "zod";
import type { RenewedInvitation } from "@/lib/protocol/commands";
import { runtime } from "@/lib/runtime";
import { renewInvitation } from "@/lib/server/commands/renew-invitation";
import { withdrawInvitation } from "@/lib/server/commands/withdraw-invitation";
import { json } from "@/lib/server/http/body";
import { consultationIds } from "@/lib/server/http/path-ids";
import { countCall } from "@/lib/server/http/rate-limit";
import { requestLocale } from "@/lib/server/http/request-locale";
import { route, sessionEndpoint } from "@/lib/server/http/route";
import { linkToShow } from "@/lib/server/invitations/link-to-show";
import { mailMode } from "@/lib/server/mail/mail-mode";

const body = json(z.object({}), { optional: true });

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = route({
  POST: sessionEndpoint({
    limit: "invitations",
    ids: consultationIds,
    body,
    async handle({ request, claim, ids: { id } }) {
      await countCall("renewals", `${claim.userId} ${id}`);
      const { token, ...invitation } = await renewInvitation(claim, id, requestLocale(request));
      const url = linkToShow(request.headers, token);
      const answer: RenewedInvitation = { invitation: { ...invitation, url }, mail: mailMode(runtime().env) };
      return { body: answer };
    },
  }),
  DELETE: sessionEndpoint({
    limit: "changes",
    ids: consultationIds,
    handle: async ({ claim, ids: { id } }) => ({ body: await withdrawInvitation(claim, id) }),
  }),
});
