import { v4 as uuidV4, v7 as uuidV7 } from "uuid";
import { beforeAll, describe, expect, test } from "vitest";
import { commandAnswerSchema } from "@/lib/protocol/commands";
import { db } from "@/lib/server/db";
import { clientOf, rowsOf, useApp } from "@/tests/support/app-world";
import type { Answer, HttpClient } from "@/tests/support/http-client";
import { createPerson, createWorld, messageOf } from "@/tests/support/world";

const app = useApp();
let world: Awaited<ReturnType<typeof createWorld>>;
let patient: HttpClient;
let practitioner: HttpClient;
beforeAll(async () => {
  world = await createWorld();
  [patient, practitioner] = await Promise.all([clientOf(app, world.patient), clientOf(app, world.practitioner)]);
});

async function send(by: HttpClient, content: string, consultationId = world.consultationId): Promise<string> {
  const command = messageOf(consultationId, content);
  expect((await by.post("/api/nachrichten", { json: command })).status).toBe(201);
  return command.id;
}

const edit = (by: HttpClient, id: string, json: unknown) => by.request("PATCH", `/api/nachrichten/${id}`, { json });
const remove = (by: HttpClient, id: string) => by.request("DELETE", `/api/nachrichten/${id}`);
const reaction = (by: HttpClient, method: "PUT" | "DELETE", id: string, emoji: string) =>
  by.request(method, `/api/nachrichten/${id}/reactions/${encodeURIComponent(emoji)}`);

function eventOf(answer: Answer) {
  expect([answer.status, Object.keys(answer.body)]).toEqual([200, ["event"]]);
  return commandAnswerSchema.parse(answer.body).event;
}

/** Refused with this, and no row of the consultation is another than before. */
async function refuses(work: () => Promise<Answer>, status: number, code: string): Promise<Answer> {
  const before = await rowsOf([world.consultationId]);
  const answer = await work();
  expect([answer.status, answer.body.error?.code]).toEqual([status, code]);
  expect(await rowsOf([world.consultationId])).toBe(before);
  return answer;
}

describe("corrections", () => {
  test("A6 an edit is 200 with its event, the same again 200 without one", async () => {
    const id = await send(patient, "first");
    const event = eventOf(await edit(patient, id, { content: "  second  ", id: uuidV7(), editedAt: "never" }));
    expect(event).toMatchObject({
      type: "message-edited",
      data: { message: { id, content: "second", seq: 1, rev: 2 } },
    });
    expect(eventOf(await edit(patient, id, { content: "second" }))).toBeNull();
    expect(eventOf(await edit(patient, id.toUpperCase(), { content: "third" }))).toMatchObject({ seq: 3 });
  });

  test("A6 a deletion is 200 with its event, again and again", async () => {
    const id = await send(patient, "gone");
    const event = eventOf(await remove(patient, id));
    expect(event).toMatchObject({ type: "message-deleted", data: { messageId: id } });
    expect(eventOf(await remove(patient, id))).toEqual(event);
  });

  test("D5 reactions of every spelling: put and taken back, each once", async () => {
    const id = await send(patient, "react to this");
    for (const emoji of ["👍", "❤️", "👩🏽‍⚕️", "🇦🇹", "1️⃣", "#️⃣", "🏴󠁧󠁢󠁥󠁮󠁧󠁿"]) {
      expect(eventOf(await reaction(practitioner, "PUT", id, emoji))).toMatchObject({
        type: "reaction-added",
        data: { messageId: id, userId: world.practitioner.userId, emoji },
      });
      expect(eventOf(await reaction(practitioner, "PUT", id, emoji))).toBeNull();
      expect(eventOf(await reaction(practitioner, "DELETE", id, emoji))).toMatchObject({ type: "reaction-removed" });
      expect(eventOf(await reaction(practitioner, "DELETE", id, emoji))).toBeNull();
    }
  });
});

describe("what is refused", () => {
  test.each([
    ["a letter", "a"],
    ["two", "👍👍"],
    ["a heart without its variant", "❤"],
    ["a joiner", "\u200d"],
    ["ATK46 NUL", "\u0000"],
    ["ATK49 a thousand", "👍".repeat(1_000)],
    ["ATK56 SQL", "' OR 1=1 --"],
  ])("ATK49 a reaction that is %s is 422", async (_name, emoji) => {
    const id = await send(patient, "react to this");
    for (const method of ["PUT", "DELETE"] as const) {
      const answer = await refuses(() => reaction(practitioner, method, id, emoji), 422, "validation-failed");
      expect(answer.body.error.details).toEqual({ fields: { emoji: "not-an-emoji" } });
    }
  });

  test("ATK49 a path that cannot be decoded is 400, here and everywhere", async () => {
    const id = await send(patient, "react to this");
    for (const name of ["%", "%E0%A4", "%ff"]) {
      for (const path of [`/api/nachrichten/${id}/reactions/${name}`, `/api/consultations/${name}/start`]) {
        const answer = await practitioner.request("PUT", path);
        expect([path, answer.status, answer.body.error?.code]).toEqual([path, 400, "malformed-request"]);
      }
      expect((await practitioner.get(`/consultations/${name}`)).status).toBe(400);
    }
    for (const name of ["%2F", "a%2Fb", "%25"]) {
      const put = () => practitioner.request("PUT", `/api/nachrichten/${id}/reactions/${name}`);
      await refuses(put, 422, "validation-failed");
    }
  });

  test("D5 a thirteenth reaction of one person is 422 too-many", async () => {
    const id = await send(patient, "popular");
    const emojis = Array.from({ length: 13 }, (_, index) => String.fromCodePoint(0x1f600 + index));
    for (const emoji of emojis.slice(0, 12)) await reaction(practitioner, "PUT", id, emoji);
    const last = () => reaction(practitioner, "PUT", id, emojis[12] ?? "");
    const answer = await refuses(last, 422, "validation-failed");
    expect(answer.body.error.details).toEqual({ fields: { emoji: "too-many" } });
  });

  test.each([
    ["nothing", {}],
    ["null", { content: null }],
    ["ATK45 spaces", { content: " \n " }],
    ["ATK45 zero width", { content: "\u200b" }],
    ["ATK46 NUL", { content: "a\u0000" }],
    ["4,001 code points", { content: "a".repeat(4_001) }],
    ["ATK49 nine marks", { content: `x${"\u0301".repeat(9)}` }],
  ])("A6 an edit to %s is 422", async (_name, json) => {
    const id = await send(patient, "first");
    const answer = await refuses(() => edit(patient, id, json), 422, "validation-failed");
    expect(Object.keys(answer.body.error.details.fields)).toEqual(["content"]);
  });

  test("ATK40 another's message and a system line: 403", async () => {
    const id = await send(patient, "mine");
    await refuses(() => edit(practitioner, id, { content: "forged" }), 403, "not-allowed");
    await refuses(() => remove(practitioner, id), 403, "not-allowed");
    const scheduled = await createWorld("SCHEDULED");
    const by = await clientOf(app, scheduled.practitioner);
    const started = await by.post(`/api/consultations/${scheduled.consultationId}/start`);
    const line: string = started.body.event.data.message.id;
    for (const answer of [
      await edit(by, line, { content: "forged" }),
      await remove(by, line),
      await reaction(by, "PUT", line, "👍"),
    ]) {
      expect([answer.status, answer.body.error.code]).toEqual([403, "not-allowed"]);
    }
  });

  test("ATK26 a message of another consultation, nobody's and an id that cannot exist: 404, the same body", async () => {
    const foreign = await createWorld();
    const id = await send(await clientOf(app, foreign.patient), "theirs", foreign.consultationId);
    const stranger = await clientOf(app, await createPerson("PRACTITIONER"));
    const before = await rowsOf([foreign.consultationId]);
    const bodies = new Set<string>();
    for (const messageId of [id, uuidV7(), uuidV4(), "1", "x".repeat(300), "'%20OR%201=1"]) {
      for (const by of [practitioner, stranger]) {
        for (const answer of [
          await edit(by, messageId, { content: "x" }),
          await remove(by, messageId),
          await reaction(by, "PUT", messageId, "👍"),
          await reaction(by, "DELETE", messageId, "👍"),
        ]) {
          expect([answer.status, answer.body.error.code]).toEqual([404, "not-found"]);
          bodies.add(answer.text);
        }
      }
    }
    expect(bodies.size).toBe(1);
    expect(await rowsOf([foreign.consultationId])).toBe(before);
  });

  test("A6 too late, deleted, over: 409 each, in this order the last first", async () => {
    const [late, deleted] = [await send(patient, "late"), await send(patient, "deleted")];
    await remove(patient, deleted);
    await db().message.updateMany({ where: { id: { in: [late, deleted] } }, data: { createdAt: new Date(0) } });
    await refuses(() => edit(patient, late, { content: "x" }), 409, "edit-window-closed");
    await refuses(() => remove(patient, late), 409, "edit-window-closed");
    await refuses(() => edit(patient, deleted, { content: "x" }), 409, "message-deleted");
    await refuses(() => reaction(practitioner, "PUT", deleted, "👍"), 409, "message-deleted");

    await practitioner.post(`/api/consultations/${world.consultationId}/complete`);
    for (const work of [
      () => edit(patient, late, { content: "x" }),
      () => edit(patient, deleted, { content: "x" }),
      () => remove(patient, late),
      () => reaction(practitioner, "PUT", late, "👍"),
    ]) {
      const answer = await refuses(work, 409, "consultation-not-in-progress");
      expect(answer.body.error.details).toEqual({ status: "COMPLETED" });
    }
    // UI3: what was done before is still recognised.
    expect(eventOf(await edit(patient, late, { content: "late" }))).toBeNull();
    expect(eventOf(await remove(patient, deleted))).toMatchObject({ type: "message-deleted" });
  });
});
