import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { normalText } from "@/lib/protocol/content";
import { excerptOf, previewOf } from "@/lib/protocol/excerpt";
import { createUser } from "@/lib/server/accounts/create-user";
import { editMessage } from "@/lib/server/commands/edit-message";
import { sendMessage } from "@/lib/server/commands/send-message";
import { db } from "@/lib/server/db";
import { readNotices } from "@/lib/server/notices/read-notices";
import { listConsultations } from "@/lib/server/queries/list-consultations";
import { readEvents } from "@/lib/server/queries/read-events";
import { readSnapshot } from "@/lib/server/queries/read-snapshot";
import { databaseLease } from "@/lib/server/relay/publication-lease";
import { useTestRuntime } from "@/tests/support/database";
import { createWorld, messageOf } from "@/tests/support/world";

useTestRuntime();

const FAMILY = "👨‍👩‍👧‍👦";

/** Words as a version before this one stored them. */
async function storeAsBefore(messageId: string, content: string): Promise<void> {
  await db().message.update({ where: { id: messageId }, data: { content } });
}

describe("W8 quotes and previews", () => {
  it("W8 end where a person's character ends, wherever they are read", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    const quoted = messageOf(consultationId, `${FAMILY.repeat(150)}\n\n${"q̣̇".repeat(100)}`);
    await sendMessage(patient, quoted);
    const reply = { ...messageOf(consultationId, "yes"), replyToId: quoted.id };
    const answered = await sendMessage(practitioner, reply);
    const excerpt = FAMILY.repeat(140);
    expect(answered.event).toMatchObject({ data: { message: { replyTo: { excerpt } } } });
    const claimed = (await databaseLease.claim(reply.id, 50)).find((one) => one.consultationId === consultationId);
    expect(claimed?.events[1]).toMatchObject({ data: { message: { replyTo: { excerpt } } } });
    expect((await readSnapshot(patient, consultationId)).messages[1]?.replyTo?.excerpt).toBe(excerpt);
    expect(await readEvents(patient, consultationId, { after: 1, limit: 9 })).toMatchObject({
      events: [{ data: { message: { replyTo: { excerpt } } } }],
    });

    const last = `${"a".repeat(119)} \t\n${FAMILY}`;
    const { event } = await sendMessage(patient, messageOf(consultationId, FAMILY.repeat(200)));
    const preview = FAMILY.repeat(120);
    expect((await listConsultations(practitioner))[0]?.lastMessage?.preview).toBe(preview);
    const asked = { consultation: consultationId, first: 3, last: 3, everybody: true, readers: [] };
    expect(await readNotices([asked])).toMatchObject([{ written: [{ preview }], rows: [{}, {}] }]);
    if (event.type !== "new-message") return expect.unreachable();
    await editMessage(patient, event.data.message.id, { content: last });
    expect(await readNotices([{ ...asked, first: 4, last: 4 }])).toMatchObject([
      {
        changed: [{ preview: `${"a".repeat(119)} ` }],
        rows: [{ row: { lastMessage: { preview: previewOf(last) } } }, {}],
      },
    ]);
  });
});

describe("W9 line ends", () => {
  it("W9 the database reads what was stored before as the program writes it now", async () => {
    const bits = fc.constantFrom(..."\r\n\v\f\t \u0085\u2028\u2029ab");
    const texts = fc.sample(fc.array(bits, { maxLength: 12 }), 500).map((parts) => parts.join("").trim());
    const rows = await db().$queryRaw<{ read: string }[]>`
      SELECT line_ends(t) AS read FROM unnest(${texts}::text[]) WITH ORDINALITY AS u (t, place) ORDER BY place`;
    expect(rows.map(({ read }) => read)).toEqual(texts.map(normalText));
  });

  it("W9 words stored with other line ends show, are quoted, repeated and left unchanged as the same words", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    const message = messageOf(consultationId, "one\ntwo\nthree");
    await sendMessage(patient, message);
    await storeAsBefore(message.id, "one\r\ntwo\u2028three");
    const { messages } = await readSnapshot(practitioner, consultationId);
    expect(messages[0]?.content).toBe(message.content);
    const reply = { ...messageOf(consultationId, "yes"), replyToId: message.id };
    expect(await sendMessage(practitioner, reply)).toMatchObject({
      event: { data: { message: { replyTo: { excerpt: excerptOf(message.content) } } } },
    });
    // As under another key: only the words can tell.
    await db().message.update({ where: { id: message.id }, data: { bodyHash: new Uint8Array(32) } });
    expect(await sendMessage(patient, message)).toMatchObject({ repeated: true, event: { seq: 1 } });
    expect(await editMessage(patient, message.id, { content: message.content })).toEqual({ event: null });
    expect(await editMessage(patient, message.id, { content: "one two" })).toMatchObject({ event: { seq: 3 } });
  });

  it("W9 a person's name is one line, whoever makes the account", async () => {
    const email = `${crypto.randomUUID()}@murph.example`;
    const input = { email, role: "PRACTITIONER", password: "long enough" } as const;
    expect(await createUser({ ...input, name: "Dr.\u2028 Lena\r\n\u202eWeber\u0085" })).toMatchObject({
      name: "Dr. Lena Weber",
    });
    await expect(createUser({ ...input, name: "Lena\u0007" })).rejects.toThrow("contains-control");
  });
});

describe("S8 names at user:create's door", () => {
  it("S8 a look-alike makes no account, and what nobody sees is not stored", async () => {
    const email = `${crypto.randomUUID()}@murph.example`;
    const input = { email, role: "PATIENT", password: "long enough" } as const;
    await expect(createUser({ ...input, name: "Dr. Lena Ѡeber" })).rejects.toThrow("mixed-scripts");
    expect(await db().user.count({ where: { email } })).toBe(0);
    expect(await createUser({ ...input, name: "Đặng\u200b Thị\u2066 Hà" })).toMatchObject({ name: "Đặng Thị Hà" });
  });
});
