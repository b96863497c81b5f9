import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { apply, type Conversation, openConversation } from "@/lib/core/conversation";
import { createConsultationSchema } from "@/lib/protocol/commands";
import { excerptOf } from "@/lib/protocol/excerpt";
import type { Claim } from "@/lib/server/claim";
import { addParticipant } from "@/lib/server/commands/add-participant";
import { announceCompletion, withdrawCompletion } from "@/lib/server/commands/announce-completion";
import { cancelConsultation } from "@/lib/server/commands/cancel-consultation";
import { completeConsultation } from "@/lib/server/commands/complete-consultation";
import { completeDueConsultations } from "@/lib/server/commands/complete-due";
import { createConsultation } from "@/lib/server/commands/create-consultation";
import { deleteMessage } from "@/lib/server/commands/delete-message";
import { editMessage } from "@/lib/server/commands/edit-message";
import { recordReceipt } from "@/lib/server/commands/record-receipt";
import { removeParticipant } from "@/lib/server/commands/remove-participant";
import { sendMessage } from "@/lib/server/commands/send-message";
import { setReaction } from "@/lib/server/commands/set-reaction";
import { startConsultation } from "@/lib/server/commands/start-consultation";
import { withdrawInvitation } from "@/lib/server/commands/withdraw-invitation";
import { db } from "@/lib/server/db";
import { acceptInvitation } from "@/lib/server/invitations/accept-invitation";
import { readEvents } from "@/lib/server/queries/read-events";
import { readSnapshot } from "@/lib/server/queries/read-snapshot";
import { useTestRuntime } from "@/tests/support/database";
import { createPerson, createWorld, messageOf } from "@/tests/support/world";

useTestRuntime();

/**
 * RCV5's normal form: what both a fold and a fetch know. Messages are compared over the window of the fresh snapshot,
 * which the fold must cover.
 */
function normalForm(state: Conversation, from: number) {
  const messages = state.messages.filter(({ seq }) => seq >= from);
  // Of those who take part: who has left is forgotten by a fetch, and kept by a fold for their coming back.
  const present = new Set(state.participants.map(({ user }) => user.id));
  const positions = [...state.positions.values()]
    .filter(({ userId }) => present.has(userId))
    .sort((a, b) => a.userId.localeCompare(b.userId));
  // Nothing is pushed here, which reads as late after two seconds: no part of the fold.
  return { ...state, messages, positions, at: null, hasMore: null, unseenChanges: [], unseenSince: null, push: null };
}

/** Snapshot, run the command, fold the new events: must equal a fresh snapshot. */
async function verifyCommand(viewer: Claim, consultationId: string, command: () => Promise<unknown>): Promise<void> {
  let folded = openConversation(await readSnapshot(viewer, consultationId));
  await command();
  for (;;) {
    const page = await readEvents(viewer, consultationId, { after: folded.seq, epoch: folded.epoch, limit: 200 });
    if ("reset" in page) return expect.unreachable("a fold never meets a reset");
    for (const event of page.events) {
      const { state, outcome } = apply(folded, { type: "event", event });
      expect(outcome).toBe("applied");
      folded = state;
    }
    folded = apply(folded, { type: "positions", positions: page.positions }).state;
    if (folded.seq >= page.headSeq) break;
  }
  const fresh = openConversation(await readSnapshot(viewer, consultationId));
  const from = fresh.messages[0]?.seq ?? 1;
  expect(normalForm(folded, from)).toEqual(normalForm(fresh, from));
}

describe("RCV5 fold equals fetch", () => {
  it("RCV5 send-message, from an empty conversation and past the snapshot's window", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    await verifyCommand(practitioner, consultationId, () => sendMessage(patient, messageOf(consultationId, "first")));
    await verifyCommand(patient, consultationId, async () => {
      for (let index = 0; index < 70; index++) await sendMessage(patient, messageOf(consultationId, `${index}`));
    });
  });

  it("RCV5 send-message with a quote, and a repeated send", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    const quoted = messageOf(consultationId, `${"long \n\t text\u00a0".repeat(30)}👩‍⚕️`);
    await sendMessage(patient, quoted);
    const reply = messageOf(consultationId, "first answer");
    const { event } = await sendMessage(practitioner, { ...reply, replyToId: quoted.id });
    if (event.type !== "new-message") return expect.unreachable();
    expect(event.data.message.replyTo?.excerpt).toBe(excerptOf(quoted.content));
    await verifyCommand(practitioner, consultationId, async () => {
      await sendMessage(practitioner, { ...messageOf(consultationId, "answer"), replyToId: quoted.id });
      await sendMessage(patient, quoted);
    });
  });

  it("RCV5 start-consultation and complete-consultation", async () => {
    const { patient, practitioner, consultationId } = await createWorld("SCHEDULED");
    await verifyCommand(patient, consultationId, () => startConsultation(practitioner, consultationId));
    await verifyCommand(patient, consultationId, () =>
      completeConsultation(practitioner, consultationId, { closingNote: "Rest." }),
    );
  });

  it("RCV5 A6 edit-message, of a quoted message and of one outside the snapshot's window", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    const quoted = messageOf(consultationId, "first words");
    await sendMessage(patient, quoted);
    await sendMessage(practitioner, { ...messageOf(consultationId, "answer"), replyToId: quoted.id });
    const content = `${"other \n words ".repeat(30)}👩‍⚕️`;
    await verifyCommand(practitioner, consultationId, () => editMessage(patient, quoted.id, { content }));
    for (let index = 0; index < 50; index++) await sendMessage(patient, messageOf(consultationId, `${index}`));
    await verifyCommand(practitioner, consultationId, async () => {
      await editMessage(patient, quoted.id, { content: "third words" });
      await sendMessage(practitioner, { ...messageOf(consultationId, "again"), replyToId: quoted.id });
      await editMessage(patient, quoted.id, { content: "fourth words" });
    });
  });

  it("RCV5 A6 delete-message, quoted, edited, reacted to, and sent since the snapshot", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    const first = messageOf(consultationId, "first");
    const quoted = { ...messageOf(consultationId, "second"), replyToId: first.id };
    for (const message of [first, quoted]) await sendMessage(patient, message);
    await sendMessage(practitioner, { ...messageOf(consultationId, "answer"), replyToId: quoted.id });
    await editMessage(patient, quoted.id, { content: "edited" });
    await setReaction(practitioner, { messageId: quoted.id, emoji: "👍", on: true });
    await verifyCommand(practitioner, consultationId, () => deleteMessage(patient, quoted.id));
    await verifyCommand(practitioner, consultationId, async () => {
      const short = messageOf(consultationId, "short-lived");
      await sendMessage(patient, short);
      await editMessage(patient, short.id, { content: "edited" });
      await setReaction(practitioner, { messageId: short.id, emoji: "👍", on: true });
      await deleteMessage(patient, short.id);
    });
  });

  it("RCV5 D5 set-reaction: added, joined, taken back, in the order of their emoji", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    const { id: messageId } = messageOf(consultationId, "x");
    await sendMessage(patient, messageOf(consultationId, "x", messageId));
    for (const emoji of ["🙏", "❤️", "👍", "1️⃣", "👩‍⚕️"]) {
      await verifyCommand(patient, consultationId, () => setReaction(practitioner, { messageId, emoji, on: true }));
      await verifyCommand(patient, consultationId, () => setReaction(patient, { messageId, emoji, on: true }));
    }
    for (const emoji of ["❤️", "🙏"]) {
      await verifyCommand(patient, consultationId, () => setReaction(practitioner, { messageId, emoji, on: false }));
      await verifyCommand(patient, consultationId, () => setReaction(patient, { messageId, emoji, on: false }));
    }
    await verifyCommand(patient, consultationId, async () => {
      await setReaction(patient, { messageId, emoji: "😀", on: true });
      await editMessage(patient, messageId, { content: "y" });
      await setReaction(patient, { messageId, emoji: "😀", on: false });
    });
  });

  it("RCV5 A7 cancel-consultation", async () => {
    const { patient, practitioner, consultationId } = await createWorld("SCHEDULED");
    await verifyCommand(patient, consultationId, () => cancelConsultation(practitioner, consultationId));
  });

  it("RCV5 A7 an end announced, taken back, announced again and come by itself", async () => {
    const { patient, practitioner, consultationId } = await createWorld("SCHEDULED");
    await startConsultation(practitioner, consultationId);
    const announce = () => announceCompletion(practitioner, consultationId, { afterSeconds: 60, closingNote: "Bye." });
    await verifyCommand(patient, consultationId, announce);
    await verifyCommand(patient, consultationId, () => sendMessage(patient, messageOf(consultationId, "x")));
    await verifyCommand(patient, consultationId, () => withdrawCompletion(practitioner, consultationId));
    await announce();
    await verifyCommand(patient, consultationId, async () => {
      await db().consultation.update({ where: { id: consultationId }, data: { closesAt: new Date(0) } });
      await completeDueConsultations();
    });
  });

  it("RCV5 E2 add-participant and remove-participant, several in the same moment, and back again", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    const colleagues = await Promise.all([1, 2, 3, 4].map(() => createPerson("INTERPRETER")));
    const [first] = colleagues;
    if (!first) return expect.unreachable();
    await verifyCommand(patient, consultationId, () =>
      Promise.all(colleagues.map((colleague) => addParticipant(practitioner, consultationId, colleague))),
    );
    await sendMessage(patient, messageOf(consultationId, "x"));
    await recordReceipt(first, consultationId, { readUpToSeq: 3 });
    await verifyCommand(patient, consultationId, () => removeParticipant(practitioner, consultationId, first));
    await verifyCommand(patient, consultationId, () => addParticipant(practitioner, consultationId, first));
    await verifyCommand(patient, consultationId, async () => {
      await removeParticipant(practitioner, consultationId, first);
      await addParticipant(practitioner, consultationId, first);
    });
  });

  it("RCV5 R8 an invitation accepted under another name, and one withdrawn", async () => {
    const practitioner = await createPerson("PRACTITIONER");
    const invite = async () => {
      const json = { id: randomUUID(), patientEmail: `${randomUUID()}@murph.example`, subject: "Subject" };
      const created = await createConsultation(practitioner, createConsultationSchema.parse(json), "en");
      return { consultationId: created.consultation.id, token: created.invitation?.token ?? "" };
    };
    const [accepted, withdrawn] = [await invite(), await invite()];
    const colleague = await createPerson("INTERPRETER");
    await addParticipant(practitioner, accepted.consultationId, colleague);
    const answer = { name: "Clara Neu", password: "a good password" };
    await verifyCommand(practitioner, accepted.consultationId, () =>
      acceptInvitation(accepted.token, answer, "192.0.2.1"),
    );
    await verifyCommand(practitioner, withdrawn.consultationId, () =>
      withdrawInvitation(practitioner, withdrawn.consultationId),
    );
  });

  it("RCV5 RCV7 record-receipt", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    await sendMessage(patient, messageOf(consultationId, "x"));
    await verifyCommand(patient, consultationId, () => recordReceipt(practitioner, consultationId, { readUpToSeq: 1 }));
  });
});
