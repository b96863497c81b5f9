import { describe, expect, it } from "vitest";
import { apply, type Conversation, openConversation } from "@/lib/core/conversation";
import { excerptOf } from "@/lib/protocol/excerpt";
import type { Claim } from "@/lib/server/claim";
import { completeConsultation } from "@/lib/server/commands/complete-consultation";
import { recordReceipt } from "@/lib/server/commands/record-receipt";
import { sendMessage } from "@/lib/server/commands/send-message";
import { startConsultation } from "@/lib/server/commands/start-consultation";
import { readEvents } from "@/lib/server/queries/read-events";
import { readSnapshot } from "@/lib/server/queries/read-snapshot";
import { useTestRuntime } from "@/tests/support/database";
import { createWorld, messageOf } from "@/tests/support/world";

useTestRuntime();

/**
 * RCV5's normal form: what both a fold and a fetch know. Messages are compared over the window of the fresh snapshot,
 * which the fold must cover.
 */
function normalForm(state: Conversation, from: number) {
  const messages = state.messages.filter(({ seq }) => seq >= from);
  const positions = [...state.positions.values()].sort((a, b) => a.userId.localeCompare(b.userId));
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

  it("RCV5 RCV7 record-receipt", async () => {
    const { patient, practitioner, consultationId } = await createWorld();
    await sendMessage(patient, messageOf(consultationId, "x"));
    await verifyCommand(patient, consultationId, () => recordReceipt(practitioner, consultationId, { readUpToSeq: 1 }));
  });
});
