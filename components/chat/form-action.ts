import type { SubmitEvent } from "react";
import { type NoAnswer, useFormAction } from "@/components/ui/useFormAction";
import type { ErrorCode } from "@/lib/protocol/errors";
import { useFocusAfter } from "./useFocusAfter";

/** What a form learns from its server action; its fields come back with a refusal, so that no words are lost. */
export type FormState =
  | { status: "idle" }
  | { status: "done"; id: string }
  | { status: "refused"; id: string; code: ErrorCode | NoAnswer; content: string };

export type FormAction = (previous: unknown, form: FormData) => Promise<FormState>;

export const IDLE: FormState = { status: "idle" };

/** A form of the chat that goes away with its success; without an answer its words, if any, stay in it. */
export function useChatForm(action: FormAction, onAnswer?: (answer: FormState, form: FormData) => void) {
  const pressed = useFocusAfter();
  const unanswered = (code: NoAnswer) => ({ status: "refused", id: "", code, content: "" }) as const;
  const form = useFormAction<FormState>(action, IDLE, unanswered, onAnswer);
  return {
    ...form,
    submit: (event: SubmitEvent<HTMLFormElement>) => {
      pressed();
      form.submit(event);
    },
  };
}

/** The forms of a chat that work without scripts; the page that shows the chat brings them. */
export interface ChatActions {
  sendMessage: FormAction;
  startConsultation: FormAction;
  /** With `afterSeconds` the end is announced, without it comes. */
  completeConsultation: FormAction;
  /** Takes an announced end back. */
  continueConsultation: FormAction;
}
