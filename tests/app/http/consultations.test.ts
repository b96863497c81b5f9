import { beforeAll, describe, expect, test } from "vitest";
import { eventSchema } from "@/lib/protocol/event";
import { consultationListSchema, eventsPageSchema, messagesPageSchema, snapshotSchema } from "@/lib/protocol/snapshot";
import { db } from "@/lib/server/db";
import { clientOf, rowsOf, useApp } from "@/tests/support/app-world";
import { type HttpClient, signIn } from "@/tests/support/http-client";
import { createPerson, createWorld, messageOf } from "@/tests/support/world";

const app = useApp();
let world: Awaited<ReturnType<typeof createWorld>>;
let patient: HttpClient;
let practitioner: HttpClient;
const path = (rest = "") => `/api/consultations/${world.consultationId}${rest}`;

beforeAll(async () => {
  world = await createWorld();
  [patient, practitioner] = await Promise.all([clientOf(app, world.patient), clientOf(app, world.practitioner)]);
  for (let i = 1; i <= 7; i++) {
    await patient.post("/api/nachrichten", { json: messageOf(world.consultationId, `message ${i}`) });
  }
});

describe("reading", () => {
  test("the snapshot has the shape of docs/protocol.md and nothing private", async () => {
    const answer = await patient.get(path());
    expect(answer.status).toBe(200);
    const snapshot = snapshotSchema.strict().parse(answer.body);
    expect(snapshot.messages.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect([snapshot.headSeq, snapshot.hasMore, snapshot.push]).toEqual([7, false, "ok"]);
    expect(answer.text).not.toMatch(/murph\.example|passwordHash|bodyHash/);
  });

  test("events answers everything after a seq, and positions", async () => {
    const page = eventsPageSchema.parse((await patient.get(path("/events?after=5"))).body);
    if ("reset" in page) throw new Error("reset");
    expect(page.events.map(({ seq }) => seq)).toEqual([6, 7]);
    expect(page.positions).toHaveLength(2);
    const limited = (await patient.get(path("/events?after=0&limit=3"))).body;
    expect(limited.events.map(({ seq }: { seq: number }) => seq)).toEqual([1, 2, 3]);
    expect(limited.headSeq).toBe(7);
  });

  test("RCV4 a past that is not this database's is answered with reset", async () => {
    const { epoch } = (await patient.get(path())).body;
    for (const query of ["after=99", "after=3&epoch=another", "after=3&afterAt=2001-01-01T00:00:00.000Z"]) {
      expect((await patient.get(path(`/events?${query}`))).body).toEqual({ reset: true, headSeq: 7, epoch });
    }
    expect((await patient.get(path(`/events?after=3&epoch=${encodeURIComponent(epoch)}`))).body.events).toHaveLength(4);
  });

  test("an empty parameter says as little as none", async () => {
    for (const [full, short] of [
      ["/events?after=3&afterAt=&epoch=&limit=", "/events?after=3"],
      ["/messages?before=&limit=2", "/messages?limit=2"],
    ] as const) {
      const answer = await patient.get(path(full));
      expect([answer.status, answer.body]).toEqual([200, (await patient.get(path(short))).body]);
    }
  });

  test("messages pages backwards", async () => {
    const page = messagesPageSchema.parse((await patient.get(path("/messages?before=6&limit=2"))).body);
    expect([page.messages.map(({ seq }) => seq), page.hasMore, page.headSeq]).toEqual([[4, 5], true, 7]);
  });

  test.each([
    ["events", ""],
    ["events", "?after="],
    ["events", "?after=-1"],
    ["events", "?after=1.5"],
    ["events", "?after=1e3"],
    ["events", "?after=0x10"],
    ["events", "?after=99999999999"],
    ["events", "?after=1%00"],
    ["events", "?after=1&limit=0"],
    ["events", "?after=1&limit=501"],
    ["events", "?after=1&afterAt=yesterday"],
    ["events", "?after=1&epoch=%00"],
    ["messages", "?before=0"],
    ["messages", "?before=x"],
    ["messages", "?limit=100000"],
    ["messages", "?before=1%20OR%201=1"],
  ])("ATK56 /%s%s is 422", async (name, query) => {
    const answer = await patient.get(path(`/${name}${query}`));
    expect([answer.status, answer.body.error?.code]).toEqual([422, "validation-failed"]);
  });

  test("the list has my consultations only, with the last message and the unread count", async () => {
    const { consultations } = consultationListSchema.parse((await practitioner.get("/api/consultations")).body);
    expect(consultations).toHaveLength(1);
    expect(consultations[0]).toMatchObject({
      id: world.consultationId,
      status: "IN_PROGRESS",
      counterpart: { id: world.patient.userId, name: "Anna" },
      lastMessage: { seq: 7, preview: "message 7" },
      unreadCount: 7,
      headSeq: 7,
    });
  });

  test("the demo people have the consultations of the contract", async () => {
    const statuses = async (email: string) => {
      const client = await signIn(app.baseUrl, email);
      const { consultations } = consultationListSchema.parse((await client.get("/api/consultations")).body);
      return consultations.map(({ status }) => status).sort();
    };
    expect(await statuses("anna@murph.example")).toEqual(["COMPLETED", "IN_PROGRESS", "SCHEDULED"]);
    expect(await statuses("dr.weber@murph.example")).toEqual(["COMPLETED", "IN_PROGRESS", "SCHEDULED"]);
    expect(await statuses("ben@murph.example")).toEqual(["IN_PROGRESS"]);
    expect(await statuses("dr.okafor@murph.example")).toEqual(["IN_PROGRESS"]);
  });

  test("ATK25 ATK35 a stranger, be it a practitioner, gets 404 for every page and cursor", async () => {
    for (const role of ["PATIENT", "PRACTITIONER"] as const) {
      const stranger = await clientOf(app, await createPerson(role));
      for (const rest of ["", "/events?after=0", "/events?after=99", "/messages", "/messages?before=3&limit=1"]) {
        const answer = await stranger.get(path(rest));
        expect([rest, answer.status, answer.body.error.code]).toEqual([rest, 404, "not-found"]);
      }
    }
  });

  test("a participant who has left gets 404 from then on", async () => {
    const left = await createWorld();
    const client = await clientOf(app, left.patient);
    expect((await client.get(`/api/consultations/${left.consultationId}`)).status).toBe(200);
    await db().participant.updateMany({
      where: { consultationId: left.consultationId, userId: left.patient.userId },
      data: { leftAt: new Date() },
    });
    expect((await client.get(`/api/consultations/${left.consultationId}`)).status).toBe(404);
    const sent = await client.post("/api/nachrichten", { json: messageOf(left.consultationId, "still here?") });
    expect(sent.status).toBe(404);
  });
});

describe("receipts", () => {
  test("ATK32 own position only, monotone, read implies delivered; another's id is ignored", async () => {
    const post = (json: unknown) => practitioner.post(path("/receipts"), { json });
    const first = await post({ readUpToSeq: 3, userId: world.patient.userId });
    expect([first.status, first.body.position]).toEqual([
      200,
      expect.objectContaining({ userId: world.practitioner.userId, deliveredUpToSeq: 3, readUpToSeq: 3 }),
    ]);
    const back = await post({ readUpToSeq: 1 });
    expect(back.body.position).toEqual(first.body.position);
    const further = await post({ deliveredUpToSeq: 7 });
    expect(further.body.position).toMatchObject({ deliveredUpToSeq: 7, readUpToSeq: 3 });
  });

  test.each([
    ["beyond the head", { readUpToSeq: 8 }],
    ["negative", { readUpToSeq: -1 }],
    ["a fraction", { readUpToSeq: 1.5 }],
    ["a string", { readUpToSeq: "1" }],
    ["too large for a seq", { deliveredUpToSeq: 2 ** 53 }],
    ["nothing", {}],
  ])("ATK32 %s is 422 and nothing changed", async (_name, json) => {
    const before = await rowsOf([world.consultationId]);
    const answer = await patient.post(path("/receipts"), { json });
    expect([answer.status, answer.body.error?.code]).toEqual([422, "validation-failed"]);
    expect(await rowsOf([world.consultationId])).toBe(before);
  });

  test("are recorded in a completed consultation too", async () => {
    const done = await createWorld("COMPLETED");
    const client = await clientOf(app, done.patient);
    const answer = await client.post(`/api/consultations/${done.consultationId}/receipts`, {
      json: { readUpToSeq: 0 },
    });
    expect(answer.status).toBe(200);
  });
});

describe("start and complete", () => {
  test("A7 a practitioner starts and completes, once each; both lines stand in the conversation", async () => {
    const { consultationId, practitioner: person } = await createWorld("SCHEDULED");
    const client = await clientOf(app, person);
    const post = (verb: string, json?: unknown) =>
      client.post(`/api/consultations/${consultationId}/${verb}`, json === undefined ? {} : { json });

    const started = await post("start");
    expect([started.status, eventSchema.parse(started.body.event)]).toEqual([
      200,
      expect.objectContaining({
        type: "consultation-status-changed",
        data: expect.objectContaining({ status: "IN_PROGRESS" }),
      }),
    ]);
    expect((await post("start", {})).body).toEqual({ event: null });
    const completed = await post("complete", { closingNote: "Rest well" });
    expect(completed.body.event.data.message.system).toMatchObject({
      type: "consultation-completed",
      closingNote: "Rest well",
    });
    expect((await post("complete")).body).toEqual({ event: null });
    const { messages, consultation } = (await client.get(`/api/consultations/${consultationId}`)).body;
    expect(messages).toHaveLength(2);
    expect([consultation.status, consultation.startedAt, consultation.endedAt]).toEqual([
      "COMPLETED",
      expect.any(String),
      expect.any(String),
    ]);
  });

  test("ATK39 the patient may not: 403 and nothing changed", async () => {
    for (const [status, verb] of [
      ["SCHEDULED", "start"],
      ["IN_PROGRESS", "complete"],
    ] as const) {
      const { consultationId, patient: person } = await createWorld(status);
      const before = await rowsOf([consultationId]);
      const answer = await (await clientOf(app, person)).post(`/api/consultations/${consultationId}/${verb}`);
      expect([answer.status, answer.body.error.code]).toEqual([403, "not-allowed"]);
      expect(await rowsOf([consultationId])).toBe(before);
    }
  });

  test.each([
    ["COMPLETED", "start", "consultation-state"],
    ["CANCELLED", "start", "consultation-state"],
    ["SCHEDULED", "complete", "consultation-not-in-progress"],
    ["CANCELLED", "complete", "consultation-not-in-progress"],
  ] as const)("ATK39 from %s to %s is 409 and nothing changed", async (status, verb, code) => {
    const { consultationId, practitioner: person } = await createWorld(status);
    const before = await rowsOf([consultationId]);
    const answer = await (await clientOf(app, person)).post(`/api/consultations/${consultationId}/${verb}`);
    expect([answer.status, answer.body.error.code]).toEqual([409, code]);
    expect(await rowsOf([consultationId])).toBe(before);
  });

  test.each([
    ["invisible", "\u200b"],
    ["a number", 1],
    ["ATK46 NUL", "a\u0000"],
    ["1,001 code points", "a".repeat(1_001)],
  ])("a closing note that is %s is 422", async (_name, closingNote) => {
    const answer = await practitioner.post(path("/complete"), { json: { closingNote } });
    expect([answer.status, Object.keys(answer.body.error?.details.fields ?? {})]).toEqual([422, ["closingNote"]]);
  });
});
