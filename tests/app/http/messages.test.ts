import { randomUUID } from "node:crypto";
import { v4 as uuidV4, v6 as uuidV6, v7 as uuidV7 } from "uuid";
import { beforeAll, describe, expect, test } from "vitest";
import { eventSchema } from "@/lib/protocol/event";
import { clientOf, rowsOf, useApp } from "@/tests/support/app-world";
import type { HttpClient } from "@/tests/support/http-client";
import { createConsultation, createPerson, createWorld, messageOf } from "@/tests/support/world";

const app = useApp();
let world: Awaited<ReturnType<typeof createWorld>>;
let patient: HttpClient;
let practitioner: HttpClient;
beforeAll(async () => {
  world = await createWorld();
  [patient, practitioner] = await Promise.all([clientOf(app, world.patient), clientOf(app, world.practitioner)]);
});

const send = (by: HttpClient, json: unknown) => by.post("/api/nachrichten", { json });

async function refuses(by: HttpClient, json: unknown, status: number, code: string) {
  const rows = () => rowsOf([world.consultationId], [world.patient, world.practitioner]);
  const before = await rows();
  const answer = await send(by, json);
  expect([answer.status, answer.body.error?.code]).toEqual([status, code]);
  expect(await rows()).toBe(before);
  return answer;
}

describe("POST /api/nachrichten", () => {
  test("A2 a message is 201 with its event, as docs/protocol.md writes it", async () => {
    const message = messageOf(world.consultationId, "  Guten Tag, wie geht es Ihnen?  ");
    const answer = await send(patient, message);
    expect(answer.status).toBe(201);
    const event = eventSchema.parse(answer.body.event);
    expect(event).toMatchObject({
      v: 1,
      consultationId: world.consultationId,
      type: "new-message",
      actorId: world.patient.userId,
      data: {
        message: {
          id: message.id,
          seq: event.seq,
          rev: event.seq,
          kind: "text",
          content: "Guten Tag, wie geht es Ihnen?",
          sender: { id: world.patient.userId, role: "PATIENT", name: "Anna", image: null },
          replyTo: null,
          attachments: [],
          reactions: [],
          editedAt: null,
          deletedAt: null,
        },
      },
    });
    expect(Object.keys(answer.body)).toEqual(["event"]);
  });

  test("ID1 the same message again is 200 with the event of the same seq, in parallel too", async () => {
    const message = messageOf(world.consultationId, "once");
    const answers = await Promise.all(Array.from({ length: 12 }, () => send(patient, message)));
    const seqs = new Set(answers.map(({ body }) => body.event.seq));
    expect(seqs.size).toBe(1);
    expect(answers.map(({ status }) => status).sort()).toEqual([...Array(11).fill(200), 201]);
    const upper = await send(patient, { ...message, id: message.id.toUpperCase() });
    expect([upper.status, upper.body.event.data.message.id]).toEqual([200, message.id]);
  });

  test("W9 words have one form, however they are spelled: stored, repeated, unchanged, counted; controls are 422", async () => {
    const message = messageOf(world.consultationId, "a\r\nb\rc\u2028d\u0085e\vf");
    const normal = "a\nb\nc\nd\ne\nf";
    const sent = await send(patient, message);
    expect([sent.status, sent.body.event.data.message.content]).toEqual([201, normal]);
    const again = await send(patient, { ...message, content: normal });
    expect([again.status, again.body.event.seq]).toEqual([200, sent.body.event.seq]);
    const edit = (content: string) => patient.request("PATCH", `/api/nachrichten/${message.id}`, { json: { content } });
    expect(await edit("a\r\nb\r\nc\r\nd\r\ne\r\nf\r\n")).toMatchObject({ status: 200, body: { event: null } });
    const long = `a${"\r\n".repeat(3_998)}b`;
    expect((await send(patient, messageOf(world.consultationId, long))).status).toBe(201);
    for (const control of ["\u0007", "\u001b", "\ufffe", "\u007f", "\u0090"]) {
      const refusal = { status: 422, body: { error: { details: { fields: { content: "contains-control" } } } } };
      expect(await send(patient, messageOf(world.consultationId, `5${control}10`))).toMatchObject(refusal);
      expect(await edit(`5${control}10`)).toMatchObject(refusal);
    }
  });

  test("unknown fields are ignored and change nothing", async () => {
    const answer = await send(patient, {
      ...messageOf(world.consultationId, "mine"),
      senderId: world.practitioner.userId,
      seq: 999,
      createdAt: "2001-01-01T00:00:00.000Z",
      kind: "system",
    });
    expect(answer.body.event.data.message).toMatchObject({ kind: "text", sender: { id: world.patient.userId } });
    expect(answer.body.event.seq).toBeLessThan(999);
  });

  test("ATK42 the same id with another body, consultation or author is 409 id-conflict and shows nothing", async () => {
    const second = await createConsultation([world.patient, world.practitioner]);
    const message = messageOf(world.consultationId, "original words");
    await send(patient, message);
    for (const [by, other] of [
      [patient, { ...message, content: "other words" }],
      [patient, { ...message, consultationId: second }],
      [practitioner, message],
    ] as const) {
      const answer = await refuses(by, other, 409, "id-conflict");
      expect(answer.text).not.toContain("original words");
    }
  });

  test("ATK42 the same id in a consultation that is not theirs is 404", async () => {
    const message = messageOf(world.consultationId, "original words");
    await send(patient, message);
    const stranger = await clientOf(app, await createPerson("PATIENT"));
    const known = await refuses(stranger, message, 404, "not-found");
    const missing = await refuses(stranger, messageOf(randomUUID(), "x"), 404, "not-found");
    expect(known.text).toBe(missing.text);
  });

  test.each(["SCHEDULED", "COMPLETED", "CANCELLED"] as const)(
    "ATK38 a consultation that is %s is 409",
    async (status) => {
      const { consultationId, patient: person } = await createWorld(status);
      const before = await rowsOf([consultationId]);
      const answer = await send(await clientOf(app, person), messageOf(consultationId, "too early, too late"));
      expect([answer.status, answer.body.error.code]).toEqual([409, "consultation-not-in-progress"]);
      expect(await rowsOf([consultationId])).toBe(before);
    },
  );

  test.each([
    ["ATK45 empty", ""],
    ["ATK45 spaces", " \t\n  "],
    ["ATK45 zero-width", "\u200b\u200d\ufeff\u2060"],
    ["ATK45 right-to-left marks", "\u200f\u202e\u2067"],
    ["ATK45 combining marks", "\u0301\u0302"],
    ["ATK45 Hangul filler", "\u3164\u115f\uffa0"],
    ["ATK45 Braille blank", "\u2800"],
    ["ATK46 NUL", "a\u0000b"],
    ["ATK49 4,001 code points", "a".repeat(4_001)],
    ["ATK49 4,001 emoji", "😀".repeat(4_001)],
    ["ATK49 nine marks in a row", `a${"\u0336".repeat(9)}`],
    ["lone surrogate", "a\ud800b"],
    ["a number", 1],
    ["null", null],
    ["an object", { toString: "x" }],
    ["an array", ["a"]],
  ])("%s is 422 and details name the field", async (_name, content) => {
    const answer = await refuses(
      patient,
      { ...messageOf(world.consultationId, ""), content },
      422,
      "validation-failed",
    );
    expect(Object.keys(answer.body.error.details.fields)).toEqual(["content"]);
  });

  test.each([
    ["4,000 letters", "a".repeat(4_000)],
    ["4,000 emoji, over 16,000 bytes", "😀".repeat(4_000)],
    ["eight marks in a row", `a${"\u0336".repeat(8)}`],
    ["a family of seven code points", "👨‍👩‍👧‍👦"],
    ["ATK51 markup, kept as text", "<script>alert(1)</script>"],
    ["ATK56 SQL, kept as text", "'); DROP TABLE messages; --"],
    ["Arabic", "مرحبا"],
    ["line ends", "one\ntwo"],
  ])("%s is accepted word for word", async (_name, content) => {
    const answer = await send(patient, messageOf(world.consultationId, content));
    expect([answer.status, answer.body.event?.data.message.content]).toEqual([201, content.normalize("NFC")]);
  });

  test.each([
    ["ATK46 id with a NUL", { id: "0190a0a0-0000-7000-8000-00000000000\u0000" }, "id"],
    ["id of version 4", { id: uuidV4() }, "id"],
    ["id of version 6", { id: uuidV6() }, "id"],
    ["id missing", { id: undefined }, "id"],
    ["id that is SQL", { id: "' OR 1=1 --" }, "id"],
    ["consultation id of version 7", { consultationId: uuidV7() }, "consultationId"],
    ["consultation id a number", { consultationId: 1 }, "consultationId"],
    ["reply to something that is no id", { replyToId: "x" }, "replyToId"],
    ["attachments", { attachmentIds: [uuidV4()] }, "attachmentIds"],
  ])("%s is 422 and details name the field", async (_name, change, field) => {
    const answer = await refuses(
      patient,
      { ...messageOf(world.consultationId, "x"), ...change },
      422,
      "validation-failed",
    );
    expect(Object.keys(answer.body.error.details.fields)).toEqual([field]);
  });

  test("ATK26 a reply to a message of another consultation is 422 and shows nothing of it", async () => {
    const foreign = await createWorld();
    const quoted = messageOf(foreign.consultationId, "not for your eyes");
    await send(await clientOf(app, foreign.patient), quoted);
    const known = await refuses(
      patient,
      { ...messageOf(world.consultationId, "x"), replyToId: quoted.id },
      422,
      "validation-failed",
    );
    const missing = await refuses(
      patient,
      { ...messageOf(world.consultationId, "x"), replyToId: uuidV7() },
      422,
      "validation-failed",
    );
    expect(known.text).toBe(missing.text);
  });
});
