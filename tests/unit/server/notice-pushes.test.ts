import { randomUUID } from "node:crypto";
import { v7 as uuidV7 } from "uuid";
import { expect, test } from "vitest";
import { noticePushes } from "@/lib/server/notices/notice-pushes";
import type { Notices } from "@/lib/server/notices/read-notices";

const [weber, anna, gone] = [randomUUID(), randomUUID(), randomUUID()];
const consultationId = randomUUID();
const [written, changed] = [uuidV7(), uuidV7()];
const notices: Notices = {
  consultationId,
  rows: [{ userId: anna, row: { subject: "Knee pain" } as Notices["rows"][number]["row"] }],
  written: [{ messageId: written, seq: 7, senderName: "Dr. Weber", preview: "How is the knee?", tell: [anna] }],
  changed: [{ messageId: changed, preview: "Tuesday", tell: [weber, anna] }],
  removed: [gone],
};

const pushesOf = (options: { idsOnly: boolean; maxDataBytes?: number }, of = notices) =>
  noticePushes(of, { maxDataBytes: 9_000, ...options }).map(({ channel, name, data }) => [
    channel,
    name,
    JSON.parse(data) as unknown,
  ]);

test("C6 C7 each person is told on their own channel, a removed one without a word", () => {
  expect(pushesOf({ idsOnly: false })).toEqual([
    [`private-user-${anna}`, "consultation-updated", { v: 1, consultationId, consultation: { subject: "Knee pain" } }],
    [`private-user-${gone}`, "consultation-updated", { v: 1, consultationId }],
    [
      `private-user-${anna}`,
      "message-notification",
      { v: 1, consultationId, messageId: written, seq: 7, senderName: "Dr. Weber", preview: "How is the knee?" },
    ],
    [
      `private-user-${weber}`,
      "message-notification-changed",
      { v: 1, consultationId, messageId: changed, preview: "Tuesday" },
    ],
    [
      `private-user-${anna}`,
      "message-notification-changed",
      { v: 1, consultationId, messageId: changed, preview: "Tuesday" },
    ],
  ]);
});

test("C6 under hints or a master key only ids leave the house", () => {
  const ids = { v: 1, consultationId };
  expect(pushesOf({ idsOnly: true }).map(([, , data]) => data)).toEqual([
    ids,
    ids,
    { ...ids, messageId: written, seq: 7 },
    { ...ids, messageId: changed },
    { ...ids, messageId: changed },
  ]);
});

test("C7 a row that would be too long for a push is told by its id", () => {
  const long = { subject: "ä".repeat(5_000) } as Notices["rows"][number]["row"];
  const [[, , data] = []] = pushesOf({ idsOnly: false }, { ...notices, rows: [{ userId: anna, row: long }] });
  expect(data).toEqual({ v: 1, consultationId });
});
