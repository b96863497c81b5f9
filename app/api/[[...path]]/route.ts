import { AppError } from "@/lib/server/app-error";
import { openEndpoint, route } from "@/lib/server/http/route";

const nothingHere = openEndpoint({
  handle: async () => {
    throw new AppError("not-found");
  },
});

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = route({
  GET: nothingHere,
  POST: nothingHere,
  PUT: nothingHere,
  PATCH: nothingHere,
  DELETE: nothingHere,
});
