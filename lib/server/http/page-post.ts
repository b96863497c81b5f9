import "server-only";
import { IncomingMessage } from "node:http";
import { AppError } from "@/lib/server/app-error";

/** A form that was refused holds its words twice: as they were and as they are now. */
const MAX_BYTES = 256 * 1024;
const DEADLINE_MS = 10_000;
/** Where React has an action's arguments, in a form that carries their parts too. */
const ARGUMENTS = "0";

/**
 * Reads what is posted to a page whole and judges its form, as lib/server/http/body.ts does for the API. Answers the same
 * request with the body ready: Next would wait for ever for a slow one, and answer 500 to what it cannot read.
 */
export async function readPagePost(request: IncomingMessage): Promise<IncomingMessage> {
  const type = request.headers["content-type"] ?? "";
  if ((request.headers["content-encoding"] ?? "identity") !== "identity") {
    throw new AppError("unsupported-media-type", { details: { reason: "content-encoding" } });
  }
  if (Number(request.headers["content-length"] ?? 0) > MAX_BYTES) throw new AppError("payload-too-large");
  const body = await readBody(request);
  const isAction = request.headers["next-action"] !== undefined;
  if (/^multipart\/form-data/i.test(type)) {
    const form = await requireForm(body, type);
    if (isAction) requireArguments(form.get(ARGUMENTS));
  } else if (isAction) requireArguments(body.toString());
  return withBody(request, body);
}

function readBody(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const fail = (error: AppError) => {
      clearTimeout(timer);
      request.off("data", onData);
      reject(error);
    };
    const refused = (reason: string) => fail(new AppError("malformed-request", { details: { reason } }));
    const timer = setTimeout(() => refused("body-too-slow"), DEADLINE_MS);
    const onData = (chunk: Buffer) => {
      size += chunk.length;
      if (size > MAX_BYTES) fail(new AppError("payload-too-large"));
      else chunks.push(chunk);
    };
    request.on("data", onData);
    request.once("error", () => refused("body-cut-off"));
    request.once("close", () => {
      if (!request.complete) refused("body-cut-off");
    });
    request.once("end", () => {
      clearTimeout(timer);
      resolve(Buffer.concat(chunks));
    });
  });
}

async function requireForm(body: Buffer, type: string): Promise<FormData> {
  try {
    return await new Response(new Uint8Array(body), { headers: { "Content-Type": type } }).formData();
  } catch {
    throw new AppError("malformed-request", { details: { reason: "form" } });
  }
}

/** Next would write what it cannot parse into the log, and calls the action with whatever it is: arguments are a list. */
function requireArguments(text: unknown): void {
  let read: unknown;
  try {
    read = JSON.parse(String(text));
  } catch {
    throw new AppError("invalid-json");
  }
  if (!Array.isArray(read)) throw new AppError("malformed-request", { details: { reason: "arguments" } });
}

function withBody(request: IncomingMessage, body: Buffer): IncomingMessage {
  const ready = new IncomingMessage(request.socket);
  const { method, url, headers, rawHeaders, httpVersion, httpVersionMajor, httpVersionMinor } = request;
  Object.assign(ready, { method, url, rawHeaders, httpVersion, httpVersionMajor, httpVersionMinor, complete: true });
  ready.headers = headers;
  ready.push(body);
  ready.push(null);
  return ready;
}
