"use client";

import { unstable_isUnrecognizedActionError, unstable_rethrow } from "next/navigation";
import { type SubmitEvent, useActionState, useState, useTransition } from "react";

/** Why there is no answer: the call did not get through, or a deploy has replaced the action that this page knows. */
export type NoAnswer = "network" | "outdated";

interface Form<State> {
  state: State;
  busy: boolean;
  /** For browsers without scripts, and until the page's own have come: the form posts itself. */
  post: (form: FormData) => void;
  submit: (event: SubmitEvent<HTMLFormElement>) => void;
}

/**
 * A form of a server action. With scripts the action is called from here: as the form's own `action` an error in it
 * would take the whole page away, and the words in it (F38). `unanswered` is the state shown then; what was typed stays.
 */
export function useFormAction<State extends object>(
  action: (previous: unknown, form: FormData) => Promise<State>,
  idle: State,
  unanswered: (reason: NoAnswer) => State,
  /** Also when the form has gone away meanwhile. */
  onAnswer: (state: State, form: FormData) => void = () => {},
): Form<State> {
  // React wants Awaited<State>, which for a generic state no compiler resolves; no state of a form is a promise.
  const [posted, post, posting] = useActionState<State, FormData>(action as never, idle as never);
  const [called, setCalled] = useState<State | null>(null);
  const [calling, startTransition] = useTransition();
  const state = called ?? posted;

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    if (calling) return;
    const form = new FormData(event.currentTarget, event.nativeEvent.submitter);
    startTransition(async () => {
      const next = await action(state, form).catch((error: unknown) => {
        // A redirect is told by an error too.
        unstable_rethrow(error);
        return unanswered(unstable_isUnrecognizedActionError(error) ? "outdated" : "network");
      });
      onAnswer(next, form);
      startTransition(() => setCalled(next));
    });
  }

  return { state, busy: posting || calling, post, submit };
}
