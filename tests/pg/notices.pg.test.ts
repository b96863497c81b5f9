import pg from "pg";
import { afterEach, describe, expect, it, onTestFinished } from "vitest";
import { userChannel } from "@/lib/protocol/channels";
import {
  consultationUpdatedSchema,
  messageNotificationChangedSchema,
  messageNotificationSchema,
} from "@/lib/protocol/notices";
import type { ConsultationRow } from "@/lib/protocol/snapshot";
import { runtime, setRuntime } from "@/lib/runtime";
import { addParticipant } from "@/lib/server/commands/add-participant";
import { deleteMessage } from "@/lib/server/commands/delete-message";
import { editMessage } from "@/lib/server/commands/edit-message";
import { recordReceipt } from "@/lib/server/commands/record-receipt";
import { removeParticipant } from "@/lib/server/commands/remove-participant";
import { sendMessage } from "@/lib/server/commands/send-message";
import { db } from "@/lib/server/db";
import { noticeConsultation, noticesSent } from "@/lib/server/notices/notices";
import { listConsultations } from "@/lib/server/queries/list-consultations";
import { startRelay, sweepOnce } from "@/lib/server/relay/process-relay";
import { canPushCourtesies } from "@/lib/server/relay/push-courtesy";
import { type Listener, listen, useTestChannels } from "@/tests/support/channels";
import { useTestRuntime } from "@/tests/support/database";
import { startEntry, until } from "@/tests/support/processes";
import { startPushProvider } from "@/tests/support/push-provider";
import { createPerson, createWorld, messageOf, type Person } from "@/tests/support/world";

const database = useTestRuntime();
useTestChannels();

const open: Listener[] = [];
let relay: { stop(): Promise<void> } | null = null;
afterEach(async () => {
  for (const listener of open.splice(0)) listener.close();
  await relay?.stop();
  relay = null;
  await noticesSent();
});

/** What this person hears on their own channel. */
async function hear({ userId }: Person) {
  const listener = await listen(userChannel(userId));
  open.push(listener);
  const of = (name: string) => listener.received.filter((push) => push.name === name).map(({ data }) => data);
  return {
    listener,
    of,
    rows: (): ConsultationRow[] =>
      of("consultation-updated").map((data) => consultationUpdatedSchema.parse(data).consultation),
    notified: () => of("message-notification").map((data) => messageNotificationSchema.parse(data)),
    changed: () => of("message-notification-changed").map((data) => messageNotificationChangedSchema.parse(data)),
    waitFor: (name: string, count = 1) => until(() => of(name).length >= count, `${count} ${name}`, 10_000),
  };
}

const rowOf = async (person: Person, consultationId: string) =>
  (await listConsultations(person)).find(({ id }) => id === consultationId);

describe("after a message", () => {
  it("C7 C6 both get their own row as their list has it, and all but the sender are told who wrote what", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    const third = await createPerson("INTERPRETER", "Ada");
    await db().participant.create({ data: { consultationId, userId: third.userId } });
    const people = [patient, practitioner, third];
    const [atPatient, atPractitioner, atThird] = await Promise.all(people.map(hear));
    if (!atPatient || !atPractitioner || !atThird) return expect.unreachable();
    relay = startRelay();
    const { event } = await sendMessage(patient, messageOf(consultationId, `Guten\n\tMorgen ${"x".repeat(200)}`));
    for (const one of [atPatient, atPractitioner, atThird]) await one.waitFor("consultation-updated");
    await noticesSent();
    for (const [index, one] of [atPatient, atPractitioner, atThird].entries()) {
      expect(one.rows()).toEqual([await rowOf(people[index] as Person, consultationId)]);
    }
    expect(atPractitioner.rows()[0]).toMatchObject({ unreadCount: 1, headSeq: 1 });
    expect(atPatient.rows()[0]).toMatchObject({ unreadCount: 0 });
    const preview = `Guten Morgen ${"x".repeat(200)}`.slice(0, 120);
    const told = { v: 1, consultationId, messageId: event.data && "message" in event.data && event.data.message.id };
    expect(atPractitioner.notified()).toEqual([{ ...told, seq: 1, senderName: "Anna", preview }]);
    expect(atThird.notified()).toEqual(atPractitioner.notified());
    expect(atPatient.notified()).toEqual([]);
  });

  it("C7 a lively conversation costs a few rows a second; rows never go back and the last is the list's", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    const heard = await hear(practitioner);
    relay = startRelay();
    for (let index = 0; index < 60; index++) {
      await sendMessage(index % 2 ? patient : practitioner, messageOf(consultationId, `${index}`));
    }
    await until(() => heard.rows().at(-1)?.headSeq === 60, "the last row");
    const heads = heard.rows().map(({ headSeq }) => headSeq);
    expect(heads).toEqual([...heads].sort((a, b) => a - b));
    expect(heads.length).toBeLessThan(30);
    expect(heard.rows().at(-1)).toEqual(await rowOf(practitioner, consultationId));
    const ids = heard.notified().map(({ messageId }) => messageId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("C6 what was read or deleted before it could be told is not told; of a pile only the newest are", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    const read = await sendMessage(patient, messageOf(consultationId, "read"));
    await recordReceipt(practitioner, consultationId, { readUpToSeq: read.event.seq });
    const { id } = messageOf(consultationId, "");
    await sendMessage(patient, messageOf(consultationId, "deleted", id));
    await deleteMessage(patient, id);
    for (let index = 0; index < 15; index++) await sendMessage(patient, messageOf(consultationId, `${index}`));
    const heard = await hear(practitioner);
    await sweepOnce();
    await until(() => heard.notified().at(-1)?.preview === "14", "the newest");
    const previews = heard.notified().map(({ preview }) => preview);
    expect(previews).not.toContain("read");
    expect(previews).not.toContain("deleted");
    expect(previews.length).toBeLessThanOrEqual(15);
    expect(heard.rows().at(-1)?.unreadCount).toBe(15);
  });

  it("C8 the sender's other tabs are told by the process that publishes, whichever that is", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    const heard = await hear(practitioner);
    const env = { RUNTIME: JSON.stringify(runtime()), MURPH_LOG_LEVEL: "silent" };
    const worker = startEntry("tests/support/relay-process.ts", { env });
    await until(() => worker.output().includes("RELAY"), "the worker");
    await sendMessage(practitioner, messageOf(consultationId, "from an app without a relay"));
    await heard.waitFor("consultation-updated");
    expect(heard.rows().at(-1)?.lastMessage?.preview).toBe("from an app without a relay");
    await recordReceipt(patient, consultationId, { readUpToSeq: 1 });
  }, 60_000);
});

describe("after other changes", () => {
  it("C7 C8 a receipt tells the reader's own tabs that nothing is unread, and nobody else", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    await sendMessage(patient, messageOf(consultationId, "x"));
    await sweepOnce();
    await noticesSent();
    const [atReader, atSender] = [await hear(practitioner), await hear(patient)];
    await recordReceipt(practitioner, consultationId, { readUpToSeq: 1 });
    await atReader.waitFor("consultation-updated");
    await noticesSent();
    expect(atReader.rows()).toEqual([await rowOf(practitioner, consultationId)]);
    expect(atReader.rows()[0]).toMatchObject({ unreadCount: 0, readUpToSeq: 1 });
    expect(atSender.listener.received).toEqual([]);
    await recordReceipt(practitioner, consultationId, { readUpToSeq: 1 });
    await recordReceipt(patient, consultationId, { deliveredUpToSeq: 1 });
    await noticesSent();
    expect(atReader.rows()).toHaveLength(1);
    expect(atSender.listener.received).toEqual([]);
  });

  it("ATK104 an edited message's new words and a deleted one's end reach whoever was told of it", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    const [atReader, atSender] = [await hear(practitioner), await hear(patient)];
    relay = startRelay();
    const { id } = messageOf(consultationId, "");
    await sendMessage(patient, messageOf(consultationId, "first words", id));
    await atReader.waitFor("message-notification");
    await editMessage(patient, id, { content: "other words" });
    await atReader.waitFor("message-notification-changed");
    await deleteMessage(patient, id);
    await atReader.waitFor("message-notification-changed", 2);
    expect(atReader.changed()).toEqual([
      { v: 1, consultationId, messageId: id, preview: "other words" },
      { v: 1, consultationId, messageId: id, preview: null },
    ]);
    await until(() => atReader.rows().at(-1)?.headSeq === 3, "the last row");
    expect(atReader.rows().at(-1)).toMatchObject({ lastMessage: null, unreadCount: 0 });
    expect(atSender.of("message-notification-changed")).toEqual([]);
  });

  it("E2 C7 whoever is added gets the row; whoever is removed is told without a word that it is gone", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    const colleague = await createPerson("INTERPRETER", "Ada");
    const [atColleague, atPatient] = [await hear(colleague), await hear(patient)];
    relay = startRelay();
    await addParticipant(practitioner, consultationId, { userId: colleague.userId });
    await atColleague.waitFor("consultation-updated");
    expect(atColleague.rows()).toEqual([await rowOf(colleague, consultationId)]);
    await removeParticipant(practitioner, consultationId, { userId: colleague.userId });
    await atColleague.waitFor("consultation-updated", 2);
    expect(atColleague.of("consultation-updated")[1]).toEqual({ v: 1, consultationId });
    await sendMessage(practitioner, messageOf(consultationId, "among ourselves"));
    await until(() => atPatient.notified().length === 1, "the next message");
    await noticesSent();
    expect(atColleague.listener.received).toHaveLength(2);
  });

  it("C7 a consultation that is made without any event is told to everybody in it", async () => {
    const { patient, practitioner, consultationId } = await createWorld("SCHEDULED");
    const heard = await Promise.all([patient, practitioner].map(hear));
    noticeConsultation(consultationId);
    await Promise.all(heard.map((one) => one.waitFor("consultation-updated")));
    expect(heard[0]?.rows()).toEqual([await rowOf(patient, consultationId)]);
  });
});

describe("what must not be", () => {
  for (const [setting, change] of [
    [
      "PUSHER_PAYLOADS=hint",
      (before: ReturnType<typeof runtime>) => ({ ...before, env: { ...before.env, pusherPayloads: "hint" as const } }),
    ],
    [
      "a master key",
      (before: ReturnType<typeof runtime>) => ({
        ...before,
        pusher: { ...before.pusher, encryptionMasterKeyBase64: Buffer.alloc(32, 7).toString("base64") },
      }),
    ],
  ] as const) {
    it(`C6 under ${setting} no word and no name leaves the house on people's own channels`, async () => {
      const { patient, practitioner, consultationId } = await createWorld();
      const heard = await hear(practitioner);
      const before = runtime();
      setRuntime(change(before));
      try {
        relay = startRelay();
        const { id } = messageOf(consultationId, "");
        await sendMessage(patient, messageOf(consultationId, "secret", id));
        await heard.waitFor("message-notification");
        await editMessage(patient, id, { content: "secret too" });
        await heard.waitFor("message-notification-changed");
        await noticesSent();
        expect(new Set(heard.listener.received.map(({ data }) => JSON.stringify(data)))).toEqual(
          new Set([
            JSON.stringify({ v: 1, consultationId }),
            JSON.stringify({ v: 1, consultationId, messageId: id, seq: 1 }),
            JSON.stringify({ v: 1, consultationId, messageId: id }),
          ]),
        );
      } finally {
        await relay?.stop();
        relay = null;
        setRuntime(before);
      }
    });
  }

  it("F1 while the provider fails sends go on at their pace and nobody calls it for notices", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    const provider = await startPushProvider();
    provider.refuse(500);
    relay = startRelay();
    const begun = performance.now();
    await sendMessage(patient, messageOf(consultationId, "first"));
    await until(() => provider.calls.length > 0, "the first failure");
    for (let index = 0; index < 50; index++) {
      await sendMessage(patient, messageOf(consultationId, `${index}`));
      await recordReceipt(practitioner, consultationId, { readUpToSeq: index + 1 });
    }
    await noticesSent();
    const courtesies = provider.calls.filter(({ pushes }) =>
      pushes.some(({ channel }) => channel.startsWith("private-user-")),
    );
    expect(courtesies).toEqual([]);
    // The relay's own: the first failure, and a probe a second.
    expect(provider.calls.length).toBeLessThan(5 + (performance.now() - begun) / 750);
    provider.behave = provider.accept;
    await expect.poll(canPushCourtesies, { timeout: 10_000 }).toBe(true);
    await until(
      () => provider.accepted.some(({ channel }) => channel === userChannel(practitioner.userId)),
      "the row once the provider is back",
    );
  });

  it("F1 what a failing call lost, and what came while nothing could be pushed, is told once it can be, as it is then", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    const provider = await startPushProvider();
    provider.refuse(500);
    noticeConsultation(consultationId);
    await until(() => provider.calls.length > 0, "the failing call");
    await noticesSent();
    expect(canPushCourtesies()).toBe(false);
    const elsewhere = await createWorld("SCHEDULED");
    noticeConsultation(elsewhere.consultationId);
    const { event } = await sendMessage(patient, messageOf(consultationId, "said meanwhile"));
    provider.behave = provider.accept;
    const toldTo = ({ userId }: Person) => provider.accepted.filter(({ channel }) => channel === userChannel(userId));
    const everybody = [patient, practitioner, elsewhere.patient, elsewhere.practitioner];
    await until(() => everybody.every((person) => toldTo(person).length > 0), "the rows once the provider is back");
    expect(toldTo(practitioner)[0]?.data).toMatchObject({
      consultation: { headSeq: event.seq, lastMessage: { preview: "said meanwhile" } },
    });
    await noticesSent();
    expect(everybody.map((person) => toldTo(person).length)).toEqual([1, 1, 1, 1]);
  });

  it("F15 what the database could not tell is read and told once it can", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    const heard = await Promise.all([patient, practitioner].map(hear));
    const owner = new pg.Client({ connectionString: database().ownerUrl });
    await owner.connect();
    onTestFinished(() => owner.end());
    await owner.query("ALTER FUNCTION notices_of RENAME TO notices_away");
    noticeConsultation(consultationId);
    await noticesSent();
    await owner.query("ALTER FUNCTION notices_away RENAME TO notices_of");
    await Promise.all(heard.map((one) => one.waitFor("consultation-updated")));
    expect(heard[1]?.rows()).toEqual([await rowOf(practitioner, consultationId)]);
  });
});
