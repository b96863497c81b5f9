import { LOCALE_COOKIE, negotiateLocale, parseLocale } from "@/lib/i18n/locale";
import { type CreatedConsultation, createConsultationSchema } from "@/lib/protocol/commands";
import { createConsultation } from "@/lib/server/commands/create-consultation";
import { json } from "@/lib/server/http/body";
import { publicOrigin } from "@/lib/server/http/origin";
import { route, sessionEndpoint } from "@/lib/server/http/route";
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
      const locale =
        parseLocale(request.cookies.get(LOCALE_COOKIE)?.value) ??
        negotiateLocale(request.headers.get("accept-language"));
      const { consultation, invitation, repeated } = await createConsultation(claim, command, locale);
      const answer: CreatedConsultation = {
        consultation,
        invitation: invitation && {
          url: `${publicOrigin(request.headers)}/invite/${invitation.token}`,
          expiresAt: invitation.expiresAt,
        },
      };
      return { status: repeated ? 200 : 201, body: answer };
    },
  }),
});
