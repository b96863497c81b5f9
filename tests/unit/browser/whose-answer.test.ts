import { describe, expect, it, onTestFinished, vi } from "vitest";
import { createApi } from "@/lib/browser/api-client";
import { createManagementApi } from "@/lib/browser/management-api";
import { createServerTime } from "@/lib/browser/server-time";
import { ERROR_STATUS } from "@/lib/protocol/errors";
import { classify, retryAfterMs } from "@/lib/sync/failure";
import type { ApiResult } from "@/lib/sync/ports";

const ID = "00000000-0000-4000-8000-000000000001";
const MESSAGE = "01920000-0000-7000-8000-000000000001";

const PAGE = "<!doctype html><title>Blocked</title>";
const html = { headers: { "content-type": "text/html" } };
const NOT_OURS: [string, () => Response][] = [
  ["a gateway's 400 page", () => new Response(PAGE, { ...html, status: 400 })],
  ["a gateway's 401 page", () => new Response(PAGE, { ...html, status: 401 })],
  ["a gateway's 403 page", () => new Response(PAGE, { ...html, status: 403 })],
  ["a gateway's 404 page", () => new Response(PAGE, { ...html, status: 404 })],
  ["a gateway's 409 page", () => new Response(PAGE, { ...html, status: 409 })],
  ["a gateway's 413 page", () => new Response(PAGE, { ...html, status: 413 })],
  ["a gateway's 422 in JSON", () => Response.json({ error: "blocked" }, { status: 422 })],
  ["an error of our form with a foreign code", () => refusal("blocked-by-policy", 403)],
  ["our error under another status", () => refusal("not-found", 403)],
  ["our error with nothing wrong", () => refusal("not-found", 200)],
  ["a 502 page", () => new Response(PAGE, { ...html, status: 502 })],
  ["a portal's page", () => new Response(PAGE, html)],
  ["a portal's JSON", () => Response.json({ login: "https://portal.example" })],
  ["a list of something", () => Response.json([1, 2])],
  ["no content", () => new Response(null, { status: 204 })],
  ["nothing", () => new Response("")],
  ["half an answer", () => new Response('{"event": {"id"')],
];

describe("whose answer it is", () => {
  it.each(NOT_OURS)("W5 SND4 %s says nothing of what was sent or asked: it is asked again", async (_, answer) => {
    answerWith(answer);
    for (const [name, result] of await everyCall()) {
      if (result.ok) throw new Error(`${name} took it`);
      expect([name, result.failure.kind, classify(result.failure)]).toEqual([name, "foreign", "transient"]);
    }
    for (const [name, result] of await everyManagementCall()) {
      expect([name, result]).toEqual([name, { ok: false, refusal: { code: "network", fields: {} } }]);
    }
  });

  it("W5 SND4 every code under its own status is our word, whatever the type of the answer", async () => {
    for (const [code, status] of Object.entries(ERROR_STATUS)) {
      answerWith(() => refusal(code, status));
      for (const [, result] of await everyCall()) {
        expect(result).toMatchObject({ failure: { kind: "refused", code, status } });
      }
      for (const [, result] of await everyManagementCall()) expect(result).toMatchObject({ refusal: { code } });
    }
  });

  it("W5 RCV4 F38 our answer in a version that this bundle does not know is no fault of the network", async () => {
    answerWith(() => Response.json({ event: { v: 2, novelty: true } }));
    expect(await api().deleteMessage(MESSAGE)).toEqual({ ok: false, failure: { kind: "unreadable" } });
    answerWith(() => Response.json({ events: [{ v: 2 }], headSeq: 3, epoch: "e", positions: [], push: "ok" }));
    expect(await readEvents()).toEqual({ ok: false, failure: { kind: "unreadable" } });
    answerWith(() => Response.json({ events: [{ v: 2 }], headSeq: 3 }));
    expect(await readEvents()).toMatchObject({ failure: { kind: "foreign" } });
  });

  it("W5 SND4 a redirect is not followed, and a gateway that wants rest gets it", async () => {
    const asked = answerWith(() => new Response(PAGE, { status: 503, headers: { "retry-after": "7" } }));
    const result = await readEvents();
    expect(asked.map(({ redirect }) => redirect)).toEqual(["error"]);
    expect(result.ok ? 0 : retryAfterMs(result.failure)).toBe(7_000);
  });

  it("W5 the clock of a gateway is none of ours", async () => {
    const time = createServerTime();
    answerWith(() => new Response(PAGE, { ...html, headers: { date: "Mon, 01 Jan 2001 00:00:00 GMT" } }));
    await createApi("me", time).listConsultations();
    expect(time.now()).toBeNull();
  });
});

function refusal(code: string, status: number): Response {
  return Response.json({ error: { code, message: "No.", details: {} } }, { status });
}

function answerWith(answer: () => Response): RequestInit[] {
  const asked: RequestInit[] = [];
  vi.stubGlobal("fetch", async (_url: string, init: RequestInit) => {
    asked.push(init);
    return answer();
  });
  onTestFinished(() => void vi.unstubAllGlobals());
  return asked;
}

const api = () => createApi("me", createServerTime());
const readEvents = () => api().readEvents(ID, { after: 1, afterAt: null, epoch: "e", limit: 10 });

async function everyCall(): Promise<[string, ApiResult<unknown>][]> {
  const { readSnapshot, readMessages, sendMessage, editMessage, deleteMessage, setReaction, ...rest } = api();
  const command = { id: MESSAGE, consultationId: ID, content: "Words", replyToId: null, attachmentIds: [] };
  return Promise.all([
    named("snapshot", readSnapshot(ID)),
    named("events", readEvents()),
    named("messages", readMessages(ID, { before: 9, limit: 10 })),
    named("send", sendMessage(command)),
    named("edit", editMessage(MESSAGE, "Words")),
    named("delete", deleteMessage(MESSAGE)),
    named("react", setReaction(MESSAGE, "👍", true)),
    named("receipt", rest.recordReceipt(ID, { readUpToSeq: 1 })),
    named("list", rest.listConsultations()),
  ]);
}

async function everyManagementCall() {
  const management = createManagementApi("me");
  const command = { id: ID, patientEmail: "a@b.example", patientName: null, subject: "S", scheduledFor: null };
  return Promise.all([
    named("create", management.createConsultation(command)),
    named("cancel", management.cancelConsultation(ID)),
    named("colleagues", management.listColleagues()),
    named("add", management.addParticipant(ID, ID)),
    named("remove", management.removeParticipant(ID, ID)),
    named("preferences", management.readPreferences()),
    named("save", management.savePreferences({ sound: false })),
  ]);
}

async function named<T>(name: string, call: Promise<T>): Promise<[string, T]> {
  return [name, await call];
}
