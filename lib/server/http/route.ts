import "server-only";
import { randomUUID } from "node:crypto";
import { type NextRequest, NextResponse } from "next/server";
import type * as z from "zod";
import { VIEWER_HEADER } from "@/lib/protocol/viewer-header";
import { AppError } from "@/lib/server/app-error";
import { requireClaim, requireViewer, SESSION_COOKIES } from "@/lib/server/auth/claim-cookie";
import type { Claim } from "@/lib/server/claim";
import { touchPresence } from "@/lib/server/presence/touch";
import { readViewer } from "@/lib/server/queries/read-viewer";
import { type BodyReader, parseInput } from "./body";
import { API_HEADERS, errorResponse } from "./error-response";
import { requireOwnOrigin } from "./origin";
import { countCall, type RateLimit } from "./rate-limit";

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"] as const;
type Method = (typeof METHODS)[number];
type Params = Record<string, string | string[] | undefined>;
type RouteHandler = (request: NextRequest, context: { params: Promise<Params> }) => Promise<Response>;
type Answer = Response | { status?: number; body: unknown };

interface Call<Ids, Query, Body> {
  request: NextRequest;
  ids: Ids;
  query: Query;
  body: Body;
}

interface EndpointOptions<Ids, Query, Body> {
  /** Ids in the path. One that cannot exist is answered like one that does not. */
  ids?: z.ZodType<Ids>;
  query?: z.ZodType<Query>;
  body?: BodyReader<Body>;
}

export interface Endpoint {
  handle(request: NextRequest, params: Params, method: Method): Promise<Answer>;
}

interface SessionOptions<Ids, Query, Body> extends EndpointOptions<Ids, Query, Body> {
  limit?: RateLimit;
  /** Signs but changes nothing: a request without any proof of origin passes, a foreign one does not. */
  readOnly?: boolean;
  handle(call: Call<Ids, Query, Body> & { claim: Claim }): Promise<Answer>;
}

/** An endpoint for people who are signed in. The token is judged here, the session behind it in the command's SQL. */
export function sessionEndpoint<Ids, Query, Body>(options: SessionOptions<Ids, Query, Body>): Endpoint {
  return {
    async handle(request, params, method) {
      const changes = method !== "GET" && !options.readOnly;
      // Without our cookie nothing is done in anybody's name: such a request is told to sign in.
      const byCookie = SESSION_COOKIES.some((name) => request.cookies.has(name));
      if (method !== "GET") requireOwnOrigin(request.headers, changes && byCookie);
      const claim = await requireClaim(request.cookies);
      requireViewer(claim, request.headers.get(VIEWER_HEADER));
      touchPresence(claim);
      if (options.limit) await countCall(options.limit, claim.userId);
      const { query, body } = await readInput(request, options);
      const ids = options.ids?.safeParse(params);
      if (ids && !ids.success) {
        await readViewer(claim);
        throw new AppError("not-found");
      }
      return options.handle({ request, claim, ids: ids?.data as Ids, query, body });
    },
  };
}

interface OpenOptions<Query, Body> extends EndpointOptions<undefined, Query, Body> {
  /** Proof of another kind than a session, judged before the body is touched. */
  authorize?(request: NextRequest): void;
  handle(call: Omit<Call<undefined, Query, Body>, "ids">): Promise<Answer>;
}

/** An endpoint without a session: public facts, and machines that prove themselves by a secret or a signature. */
export function openEndpoint<Query, Body>(options: OpenOptions<Query, Body>): Endpoint {
  return {
    async handle(request) {
      options.authorize?.(request);
      return options.handle({ request, ...(await readInput(request, options)) });
    },
  };
}

async function readInput<Ids, Query, Body>(request: NextRequest, options: EndpointOptions<Ids, Query, Body>) {
  const body = options.body ? await options.body(request) : undefined;
  // `afterAt=` says as little as no `afterAt` at all.
  const given = [...request.nextUrl.searchParams].filter(([, value]) => value !== "");
  const query = options.query && parseInput(options.query, Object.fromEntries(given));
  return { query: query as Query, body: body as Body };
}

/** The one wrapper around every API handler: method first, every throw translated once, the same headers on all. */
export function route(endpoints: Partial<Record<Method, Endpoint>>): Record<Method | "OPTIONS", RouteHandler> {
  const allowed = METHODS.filter((method) => endpoints[method]);
  const allow = [...allowed, ...(endpoints.GET ? ["HEAD"] : []), "OPTIONS"].join(", ");

  const wrap = (method: Method): RouteHandler => {
    const endpoint = endpoints[method];
    return async (request, context) => {
      try {
        if (!endpoint) throw new AppError("method-not-allowed");
        const answer = await endpoint.handle(request, await context.params, method);
        if (answer instanceof Response) return withHeaders(answer);
        return NextResponse.json(answer.body, { status: answer.status ?? 200, headers: API_HEADERS });
      } catch (error) {
        const response = errorResponse(error, request, { requestId: randomUUID() });
        if (response.status === 405) response.headers.set("Allow", allow);
        return response;
      }
    };
  };

  return {
    GET: wrap("GET"),
    POST: wrap("POST"),
    PUT: wrap("PUT"),
    PATCH: wrap("PATCH"),
    DELETE: wrap("DELETE"),
    OPTIONS: async () => new Response(null, { status: 204, headers: { ...API_HEADERS, Allow: allow } }),
  };
}

function withHeaders(response: Response): Response {
  for (const [name, value] of Object.entries(API_HEADERS)) response.headers.set(name, value);
  return response;
}
