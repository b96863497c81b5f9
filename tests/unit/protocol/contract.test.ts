import { randomUUID } from "node:crypto";
import { v1, v4, v6, v7 } from "uuid";
import { expect, test } from "vitest";
import { consultationChannel, parseChannelName, presenceChannel, userChannel } from "@/lib/protocol/channels";
import {
  completeConsultationSchema,
  eventsQuerySchema,
  messagesQuerySchema,
  receiptSchema,
  sendMessageSchema,
} from "@/lib/protocol/commands";
import { ERROR_STATUS } from "@/lib/protocol/errors";
import { messageIdSchema, uuidV4Schema } from "@/lib/protocol/ids";
import { AppError } from "@/lib/server/app-error";

test("message ids are UUIDv7, lower-cased first; other versions and near misses are refused", () => {
  const id = v7();
  expect(messageIdSchema.parse(id.toUpperCase())).toBe(id);
  for (const other of [v1(), v4(), v6(), "", ` ${id}`, `${id}\n`, `{${id}}`, id.replaceAll("-", ""), null, 1]) {
    expect(messageIdSchema.safeParse(other).success).toBe(false);
  }
});

test("user and consultation ids are UUIDv4", () => {
  expect(uuidV4Schema.safeParse(v4()).success).toBe(true);
  for (const other of [v7(), v1(), "", `${v4()}\n`, "00000000-0000-0000-0000-000000000000"]) {
    expect(uuidV4Schema.safeParse(other).success).toBe(false);
  }
});

test("channel names are read back as they are built", () => {
  const id = randomUUID();
  expect(parseChannelName(consultationChannel(id))).toEqual({
    family: "consultation",
    consultationId: id,
    encrypted: false,
  });
  expect(parseChannelName(consultationChannel(id, true))).toEqual({
    family: "consultation",
    consultationId: id,
    encrypted: true,
  });
  expect(parseChannelName(presenceChannel(id))).toEqual({ family: "presence", consultationId: id });
  expect(parseChannelName(userChannel(id))).toEqual({ family: "user", userId: id });
});

test("ATK5 ATK19 everything else is no channel", () => {
  const id = randomUUID();
  for (const name of [
    "",
    `consultation-${id}`,
    `private-${id}`,
    `presence-user-${id}`,
    `private-cache-consultation-${id}`,
    `private-encrypted-user-${id}`,
    `private-consultation-${id}\n`,
    `private-consultation-${id.toUpperCase()}`,
    `private-consultation-${v7()}`,
    `\nprivate-consultation-${id}`,
  ]) {
    expect([name, parseChannelName(name)]).toEqual([name, null]);
  }
});

test("unknown fields and prototype keys are dropped from commands", () => {
  const command = JSON.parse(
    `{"id":"${v7()}","consultationId":"${v4()}","content":"x","senderId":"${v4()}","__proto__":{"admin":true}}`,
  );
  const parsed = sendMessageSchema.parse(command);
  expect(Object.keys(parsed).sort()).toEqual(["attachmentIds", "consultationId", "content", "id", "replyToId"]);
  expect("admin" in parsed).toBe(false);
});

test("queries take whole numbers written in digits", () => {
  expect(eventsQuerySchema.parse({ after: "0" })).toEqual({ after: 0, limit: 200 });
  expect(messagesQuerySchema.parse({ before: "7", limit: "1" })).toEqual({ before: 7, limit: 1 });
  for (const after of [undefined, "", "-1", "+1", "1.0", "1e3", "0x1", " 1", "2147483648", "Infinity", "１"]) {
    expect([after, eventsQuerySchema.safeParse({ after }).success]).toEqual([after, false]);
  }
});

test("a receipt names at least one whole number", () => {
  expect(receiptSchema.safeParse({}).success).toBe(false);
  expect(receiptSchema.safeParse({ readUpToSeq: 0 }).success).toBe(true);
  for (const value of [-1, 0.5, "1", null, Number.MAX_SAFE_INTEGER]) {
    expect(receiptSchema.safeParse({ readUpToSeq: value }).success).toBe(false);
  }
});

test("every error code has a status and words in both languages", () => {
  for (const [code, status] of Object.entries(ERROR_STATUS)) {
    const refusal = new AppError(code as keyof typeof ERROR_STATUS);
    expect(refusal.status).toBe(status);
    const [english, german] = [refusal.toBody("en").error.message, refusal.toBody("de").error.message];
    expect(english).toMatch(/^[A-Z].*\.$/);
    expect(german).toMatch(/^[A-ZÄÖÜ].*\.$/);
    expect(german).not.toBe(english);
  }
});

test("a closing note is optional, and one that says nothing is none", () => {
  for (const body of [{}, { closingNote: null }, { closingNote: "" }, { closingNote: " \n" }]) {
    expect(completeConsultationSchema.parse(body)).toEqual({ closingNote: null });
  }
  expect(completeConsultationSchema.parse({ closingNote: " Rest. " })).toEqual({ closingNote: "Rest." });
  for (const closingNote of [1, [], "x".repeat(1_001), "\u200b"]) {
    expect(completeConsultationSchema.safeParse({ closingNote }).success).toBe(false);
  }
});
