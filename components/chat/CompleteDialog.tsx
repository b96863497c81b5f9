"use client";

import { CircleCheck } from "lucide-react";
import { Fragment, useEffect, useId, useRef } from "react";
import { Button } from "@/components/ui/Button";
import { useDialogOverlay } from "@/components/ui/useOverlay";
import { useWords } from "@/components/ui/ViewpointProvider";
import { errorWords } from "@/lib/i18n/catalogue";
import { EndChoice } from "./EndChoice";
import { type FormAction, useChatForm } from "./form-action";
import { useClosingNote } from "./useClosingNote";

/**
 * A native modal: it holds the focus, gives it back and closes on Escape by itself. `command` opens it without
 * scripts; the click handler does in browsers that do not know the attribute.
 */
export function CompleteDialog({ consultationId, action }: { consultationId: string; action: FormAction }) {
  const words = useWords();
  const { life } = words;
  const id = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  const field = useRef<HTMLTextAreaElement>(null);
  const note = useClosingNote(field, consultationId);
  const { state, busy, post, submit } = useChatForm(action, (answer, form) => {
    if (answer.status === "done") note.taken(String(form.get("closingNote")), form.get("afterSeconds") !== "");
  });
  useDialogOverlay(dialog);

  // An announced end leaves the dialog in the page, unlike one that has come.
  useEffect(() => {
    if (state.status === "done") dialog.current?.close();
  }, [state]);

  return (
    <Fragment>
      <Button
        look="secondary"
        size="small"
        aria-label={life.completeLong}
        {...{ command: "show-modal", commandfor: id }}
        onClick={() => {
          if (!knowsCommands()) dialog.current?.showModal();
        }}
      >
        <CircleCheck aria-hidden="true" className="size-4" />
        <span className="@max-lg/header:sr-only">{life.complete}</span>
      </Button>
      <dialog
        ref={dialog}
        id={id}
        aria-labelledby={`${id}-title`}
        aria-describedby={`${id}-text`}
        className="m-auto max-h-[calc(100dvh-2rem)] w-[calc(100%-2rem)] max-w-md overflow-y-auto rounded-2xl border border-transparent bg-surface p-5 text-ink shadow-float backdrop:bg-black/50"
      >
        <h2 id={`${id}-title`} className="text-lg font-semibold">
          {life.confirmTitle}
        </h2>
        <p id={`${id}-text`} className="mt-1 text-[0.9375rem] text-ink-soft">
          {life.confirmText}
        </p>
        <form action={post} onSubmit={submit} className="mt-4">
          <input type="hidden" name="consultationId" value={consultationId} />
          <EndChoice id={id} />
          <label className="mt-4 block text-sm font-medium" htmlFor={`${id}-note`}>
            {life.closingNote}
          </label>
          <textarea
            ref={field}
            id={`${id}-note`}
            name="closingNote"
            rows={3}
            dir="auto"
            aria-describedby={`${id}-hint`}
            defaultValue={state.status === "refused" ? state.content : ""}
            onInput={note.typed}
            className="mt-1.5 block w-full resize-y rounded-lg border border-control bg-surface px-3 py-2 text-base"
          />
          <p id={`${id}-hint`} className="mt-1 text-xs text-ink-soft">
            {life.closingNoteHint}
          </p>
          {state.status === "refused" ? (
            <p role="alert" className="mt-3 text-sm text-danger">
              {errorWords(words, state.code)}
            </p>
          ) : null}
          <div className="mt-5 flex flex-wrap justify-end gap-2">
            <Button
              look="secondary"
              {...{ command: "close", commandfor: id }}
              onClick={() => {
                if (!knowsCommands()) dialog.current?.close();
              }}
            >
              {life.cancel}
            </Button>
            <Button type="submit" busy={busy}>
              {busy ? life.completing : life.completeLong}
            </Button>
          </div>
        </form>
      </dialog>
    </Fragment>
  );
}

function knowsCommands(): boolean {
  return "commandForElement" in HTMLButtonElement.prototype;
}
