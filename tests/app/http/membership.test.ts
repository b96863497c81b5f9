import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { colleaguesSchema, commandAnswerSchema } from "@/lib/protocol/commands";
import { snapshotSchema } from "@/lib/protocol/snapshot";
import { db } from "@/lib/server/db";
import { clientOf, rowsOf, useApp } from "@/tests/support/app-world";
import type { Answer, HttpClient } from "@/tests/support/http-client";
import { createPerson, createWorld, messageOf } from "@/tests/support/world";

const app = useApp();

async function open(status: Parameters<typeof createWorld>[0] = "IN_PROGRESS") {
  const { patient, practitioner, consultationId } = await createWorld(status);
  return {
    consultationId,
    people: { patient, practitioner },
    patient: await clientOf(app, patient),
    practitioner: await clientOf(app, practitioner),
    path: (rest: string) => `/api/consultations/${consultationId}${rest}`,
  };
}

function eventOf(answer: Answer) {
  expect([answer.status, Object.keys(answer.body)]).toEqual([200, ["event"]]);
  return commandAnswerSchema.parse(answer.body).event;
}

async function refuses(consultationId: string, work: () => Promise<Answer>, status: number, code: string) {
  const before = await rowsOf([consultationId]);
  const answer = await work();
  expect([answer.status, answer.body.error?.code]).toEqual([status, code]);
  expect(await rowsOf([consultationId])).toBe(before);
  return answer.body.error.details;
}

const withdraw = (by: HttpClient, consultationId: string) =>
  by.request("DELETE", `/api/consultations/${consultationId}/complete`);
const add = (by: HttpClient, consultationId: string, userId: unknown) =>
  by.post(`/api/consultations/${consultationId}/participants`, { json: { userId } });
const remove = (by: HttpClient, consultationId: string, userId: string) =>
  by.request("DELETE", `/api/consultations/${consultationId}/participants/${userId}`);

describe("the end of a consultation", () => {
  test("A7 is announced, taken back, announced again and comes by itself, without anybody asking", async () => {
    const { consultationId, patient, practitioner, path } = await open();
    const json = { afterSeconds: 60, closingNote: "Rest well." };
    const announced = eventOf(await practitioner.post(path("/complete"), { json }));
    expect(announced).toMatchObject({
      type: "consultation-status-changed",
      data: { status: "IN_PROGRESS", message: { system: { type: "consultation-closing" } } },
    });
    expect(eventOf(await practitioner.post(path("/complete"), { json }))).toBeNull();
    const { consultation } = snapshotSchema.parse((await patient.get(path(""))).body);
    expect(consultation.closesAt).not.toBeNull();
    expect(eventOf(await withdraw(practitioner, consultationId))).not.toBeNull();
    expect(eventOf(await withdraw(practitioner, consultationId))).toBeNull();

    eventOf(await practitioner.post(path("/complete"), { json }));
    const sent = await patient.post("/api/nachrichten", { json: messageOf(consultationId, "one more thing") });
    expect(sent.status).toBe(201);
    await db().$executeRaw`UPDATE consultations SET closes_at = clock_timestamp() WHERE id = ${consultationId}::uuid`;
    await expect
      .poll(async () => (await patient.get(path(""))).body.consultation.status, { timeout: 10_000 })
      .toBe("COMPLETED");
    const { messages } = snapshotSchema.parse((await patient.get(path(""))).body);
    expect(messages.at(-1)?.system).toMatchObject({ type: "consultation-completed", closingNote: "Rest well." });
  });

  test.each([
    ["zero seconds", { afterSeconds: 0 }],
    ["too long", { afterSeconds: 601 }],
    ["a fraction", { afterSeconds: 1.5 }],
    ["a string", { afterSeconds: "60" }],
    ["null", { afterSeconds: null }],
  ])("A7 announced with %s is 422", async (_name, json) => {
    const { consultationId, practitioner, path } = await open();
    const details = await refuses(
      consultationId,
      () => practitioner.post(path("/complete"), { json }),
      422,
      "validation-failed",
    );
    expect(Object.keys(details.fields)).toEqual(["afterSeconds"]);
  });

  test("A7 ATK39 ATK35 is not for a patient, and of another's consultation nothing is known", async () => {
    const { consultationId, patient, practitioner, path } = await open();
    const stranger = await clientOf(app, await createPerson("PRACTITIONER"));
    const announce = (by: HttpClient) => () => by.post(path("/complete"), { json: { afterSeconds: 60 } });
    await refuses(consultationId, announce(patient), 403, "not-allowed");
    await refuses(consultationId, announce(stranger), 404, "not-found");
    await announce(practitioner)();
    await refuses(consultationId, () => withdraw(patient, consultationId), 403, "not-allowed");
    await refuses(consultationId, () => withdraw(stranger, consultationId), 404, "not-found");
  });
});

describe("cancelling", () => {
  test("A7 a scheduled consultation: 200, again 200 without an event, the patient 403, once begun 409", async () => {
    const { consultationId, patient, practitioner, path } = await open("SCHEDULED");
    const cancel = (by: HttpClient) => () => by.post(path("/cancel"));
    await refuses(consultationId, cancel(patient), 403, "not-allowed");
    expect(eventOf(await cancel(practitioner)())).toMatchObject({ data: { status: "CANCELLED" } });
    expect(eventOf(await cancel(practitioner)())).toBeNull();
    const begun = await open();
    const details = await refuses(
      begun.consultationId,
      () => begun.practitioner.post(begun.path("/cancel")),
      409,
      "consultation-state",
    );
    expect(details).toEqual({ status: "IN_PROGRESS" });
  });
});

describe("who takes part", () => {
  test("E2 a practitioner finds a colleague, adds and removes them; the removed one gets 404 at once", async () => {
    const { consultationId, patient, practitioner, path } = await open();
    const colleague = await createPerson("INTERPRETER", "Ibrahim");
    const client = await clientOf(app, colleague);
    const list = await practitioner.get("/api/colleagues");
    expect(list.status).toBe(200);
    expect(colleaguesSchema.parse(list.body).users.map(({ id }) => id)).toContain(colleague.userId);
    expect(list.text).not.toMatch(/@|password/);

    expect((await client.get(path(""))).status).toBe(404);
    expect(eventOf(await add(practitioner, consultationId, colleague.userId))).toMatchObject({
      type: "user-joined",
      data: { user: { id: colleague.userId, name: "Ibrahim" } },
    });
    expect(eventOf(await add(practitioner, consultationId, colleague.userId))).toBeNull();
    expect((await client.get(path(""))).status).toBe(200);
    expect(eventOf(await remove(practitioner, consultationId, colleague.userId))).toMatchObject({ type: "user-left" });
    expect(eventOf(await remove(practitioner, consultationId, colleague.userId))).toBeNull();
    for (const rest of ["", "/events?after=0", "/messages"]) expect((await client.get(path(rest))).status).toBe(404);
    const { participants } = snapshotSchema.parse((await patient.get(path(""))).body);
    expect(participants).toHaveLength(2);
  });

  test("E2 ATK35 a patient neither lists colleagues nor adds nor removes", async () => {
    const { consultationId, people, patient } = await open();
    const colleague = await createPerson("INTERPRETER");
    await refuses(consultationId, () => patient.get("/api/colleagues"), 403, "not-allowed");
    await refuses(consultationId, () => add(patient, consultationId, colleague.userId), 403, "not-allowed");
    const removal = () => remove(patient, consultationId, people.practitioner.userId);
    await refuses(consultationId, removal, 403, "not-allowed");
  });

  test("E2 whom one cannot add or remove: 422 with the reason, 404 for who never took part, 409 once it is over", async () => {
    const { consultationId, people, practitioner } = await open();
    const patient = await createPerson("PATIENT");
    for (const [userId, reason] of [
      [patient.userId, "not-a-colleague"],
      [randomUUID(), "unknown"],
      ["1", "invalid-format"],
      [null, "invalid-type"],
    ] as const) {
      const details = await refuses(
        consultationId,
        () => add(practitioner, consultationId, userId),
        422,
        "validation-failed",
      );
      expect(details).toEqual({ fields: { userId: reason } });
    }
    const last = await refuses(
      consultationId,
      () => remove(practitioner, consultationId, people.practitioner.userId),
      422,
      "validation-failed",
    );
    expect(last).toEqual({ fields: { userId: "last-practitioner" } });
    for (const userId of [patient.userId, randomUUID(), "1", "%00"]) {
      await refuses(consultationId, () => remove(practitioner, consultationId, userId), 404, "not-found");
    }
    const over = await open("COMPLETED");
    const colleague = await createPerson("INTERPRETER");
    await refuses(
      over.consultationId,
      () => add(over.practitioner, over.consultationId, colleague.userId),
      409,
      "consultation-state",
    );
    await refuses(
      over.consultationId,
      () => remove(over.practitioner, over.consultationId, over.people.patient.userId),
      409,
      "consultation-state",
    );
  });
});
