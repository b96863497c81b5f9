"use server";

import * as z from "zod";
import { completeConsultationSchema, sendMessageSchema } from "@/lib/protocol/commands";
import { VIEWER_FIELD } from "@/lib/protocol/viewer-header";
import { announceCompletion, withdrawCompletion } from "@/lib/server/commands/announce-completion";
import { answerRequest as answer } from "@/lib/server/commands/answer-request";
import { completeConsultation as complete } from "@/lib/server/commands/complete-consultation";
import { sendMessage as send } from "@/lib/server/commands/send-message";
import { startConsultation as start } from "@/lib/server/commands/start-consultation";
import { type ActionState, runAction, textField } from "@/lib/server/http/action";
import { parseInput } from "@/lib/server/http/body";
import { consultationIds } from "@/lib/server/http/path-ids";
import { countCall } from "@/lib/server/http/rate-limit";

/**
 * The send form without JavaScript: fields `id` (UUIDv7 made when the form was rendered, so that posting it twice is
 * one message), `consultationId`, `content`.
 */
export async function sendMessage(_previous: unknown, form: FormData): Promise<ActionState> {
  const fields = {
    id: textField(form, "id"),
    consultationId: textField(form, "consultationId"),
    content: textField(form, "content"),
  };
  return runAction({ ...fields, viewerId: textField(form, VIEWER_FIELD) }, async (claim) => {
    await countCall("sends", claim.userId);
    await send(claim, parseInput(sendMessageSchema, fields));
  });
}

/** Field `consultationId`. */
export async function startConsultation(_previous: unknown, form: FormData): Promise<ActionState> {
  const id = textField(form, "consultationId");
  const viewerId = textField(form, VIEWER_FIELD);
  return runAction({ id, content: "", viewerId }, (claim) => start(claim, parseInput(consultationIds, { id }).id));
}

/** Fields `consultationId`, `closingNote` and `afterSeconds` (both may be empty): announces the end, or brings it. */
export async function completeConsultation(_previous: unknown, form: FormData): Promise<ActionState> {
  const id = textField(form, "consultationId");
  const note = textField(form, "closingNote");
  const after = textField(form, "afterSeconds");
  const viewerId = textField(form, VIEWER_FIELD);
  return runAction({ id, content: note, viewerId }, (claim) => {
    const fields = { closingNote: note || null, ...(after === "" ? {} : { afterSeconds: Number(after) }) };
    const { closingNote, afterSeconds } = parseInput(completeConsultationSchema, fields);
    const consultationId = parseInput(consultationIds, { id }).id;
    return afterSeconds === undefined
      ? complete(claim, consultationId, { closingNote })
      : announceCompletion(claim, consultationId, { afterSeconds, closingNote });
  });
}

/** Field `consultationId`: takes an announced end back. */
export async function continueConsultation(_previous: unknown, form: FormData): Promise<ActionState> {
  const id = textField(form, "consultationId");
  const viewerId = textField(form, VIEWER_FIELD);
  return runAction({ id, content: "", viewerId }, (claim) =>
    withdrawCompletion(claim, parseInput(consultationIds, { id }).id),
  );
}

const requestAnswer = consultationIds.extend({ answer: z.enum(["accept", "decline"]) });

/** Fields `consultationId` and `answer`: "accept" or "decline". */
export async function answerRequest(_previous: unknown, form: FormData): Promise<ActionState> {
  const fields = { id: textField(form, "consultationId"), answer: textField(form, "answer") };
  const viewerId = textField(form, VIEWER_FIELD);
  return runAction({ id: fields.id, content: "", viewerId }, async (claim) => {
    await countCall("changes", claim.userId);
    const { id, answer: given } = parseInput(requestAnswer, fields);
    await answer(claim, id, given === "accept");
  });
}
