import { NextResponse } from "next/server";
import { preferencesChangeSchema } from "@/lib/protocol/preferences";
import { json } from "@/lib/server/http/body";
import { route, sessionEndpoint } from "@/lib/server/http/route";
import { setLocaleCookie } from "@/lib/server/preferences/locale-cookie";
import { changePreferences, readPreferences } from "@/lib/server/preferences/preferences";

const body = json(preferencesChangeSchema);

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = route({
  GET: sessionEndpoint({ handle: async ({ claim }) => ({ body: await readPreferences(claim) }) }),
  PUT: sessionEndpoint({
    body,
    async handle({ claim, body: change }) {
      const preferences = await changePreferences(claim, change);
      const answer = NextResponse.json(preferences);
      if (change.locale !== undefined) setLocaleCookie(answer.cookies, preferences.locale);
      return answer;
    },
  }),
});
