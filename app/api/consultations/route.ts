import { type CreatedConsultation, createConsultationSchema } from "@/lib/protocol/commands";
import { runtime } from "@/lib/runtime";
import { createConsultation } from "@/lib/server/commands/create-consultation";
import { json } from "@/lib/server/http/body";
import { requestLocale } from "@/lib/server/http/request-locale";
import { route, sessionEndpoint } from "@/lib/server/http/route";
import { linkToShow } from "@/lib/server/invitations/link-to-show";
import { mailMode } from "@/lib/server/mail/mail-mode";
import { listConsultations } from "@/lib/server/queries/list-consultations";
import { withPushState } from "@/lib/server/relay/push-state";

const body = json(createConsultationSchema);

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = route({
  GET: sessionEndpoint({
    handle: async ({ claim }) => ({ body: withPushState({ consultations: await listConsultations(claim) }) }),
  }),
  POST: sessionEndpoint({
    limit: "invitations",
    body,
    async handle({ request, claim, body: command }) {
      const created = await createConsultation(claim, command, requestLocale(request));
      const { consultation, invitation, repeated } = created;
      const url = invitation && linkToShow(request.headers, invitation.token);
      const answer: CreatedConsultation = {
        consultation,
        invitation: invitation && url !== null ? { url, expiresAt: invitation.expiresAt } : null,
        mail: mailMode(runtime().env),
      };
      return { status: repeated ? 200 : 201, body: answer };
    },
  }),
});
