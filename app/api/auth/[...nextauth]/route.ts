import { handleAuth } from "@/lib/server/auth/auth-endpoints";
import { route } from "@/lib/server/http/route";

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = route({
  GET: { handle: (request, params) => handleAuth(request, params.nextauth, "GET") },
  POST: { handle: (request, params) => handleAuth(request, params.nextauth, "POST") },
});
