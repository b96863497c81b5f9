"use client";

import { Check, SendHorizontal } from "lucide-react";
import {
  type KeyboardEvent,
  type Ref,
  type SubmitEvent,
  useActionState,
  useId,
  useImperativeHandle,
  useRef,
  useState,
} from "react";
import { useWords } from "@/components/ui/ViewpointProvider";
import type { Drafts } from "@/lib/browser/queue/drafts";
import { errorWords, issueWords } from "@/lib/i18n/catalogue";
import type { Catalogue } from "@/lib/i18n/en";
import { contentSchema, MAX_CONTENT_CODE_POINTS } from "@/lib/protocol/content";
import type { ChangeResult, SendResult } from "@/lib/sync/conversation-engine";
import { CharactersLeft } from "./CharactersLeft";
import { ComposerTargetBar } from "./ComposerTargetBar";
import { type FormAction, type FormState, IDLE } from "./form-action";
import type { ComposerTarget } from "./useComposerTarget";
import { joined, useComposerText } from "./useComposerText";

export interface MessageInputHandle {
  /** Puts words back, after those that are there already. */
  restore(text: string): void;
}

interface MessageInputProps {
  consultationId: string;
  /** Message id of the form without scripts, made when it was rendered: posting it twice is one message. */
  formMessageId: string | undefined;
  formAction: FormAction | undefined;
  onSend(content: string, replyToId: string | null): Promise<SendResult>;
  onEdit(messageId: string, content: string): Promise<ChangeResult>;
  /** Where words wait while this composer is not on the screen. */
  drafts: Drafts;
  target: ComposerTarget | null;
  /** The edit ended because its message went away. */
  targetLost: boolean;
  onLeaveTarget(): void;
  onEditing(text: string | null): void;
  /** False where there is nothing to edit. */
  onEditLast(): boolean;
  typing: { typed(): void; rested(): void };
  ref?: Ref<MessageInputHandle>;
}

const COUNTER_FROM = 300;
const noAction: FormAction = async () => IDLE;

export function MessageInput(props: MessageInputProps) {
  const { consultationId, formMessageId, formAction, drafts, target, onLeaveTarget, typing } = props;
  const words = useWords();
  const id = useId();
  const field = useRef<HTMLTextAreaElement>(null);
  const sending = useRef(false);
  const [issue, setIssue] = useState<string | null>(null);
  const [state, submit] = useActionState(formAction ?? noAction, IDLE);
  const { length, refresh, write, take } = useComposerText(field, {
    ...{ consultationId, drafts, target },
    ...{ lost: props.targetLost, onEditing: props.onEditing },
  });
  const left = MAX_CONTENT_CODE_POINTS - length;
  const editing = target?.kind === "edit";

  useImperativeHandle(props.ref, () => ({
    restore(text) {
      const there = editing ? drafts.get(consultationId) : (field.current?.value ?? "");
      if (editing) {
        drafts.set(consultationId, joined(there, text));
        onLeaveTarget();
      } else write(joined(there, text));
      setIssue(null);
      field.current?.focus();
    },
  }));

  function leave() {
    setIssue(null);
    onLeaveTarget();
    field.current?.focus();
  }

  /** SND1: only what the queue has taken leaves; words typed meanwhile stay. */
  async function send(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    const box = field.current;
    if (!box || sending.current) return;
    const text = box.value;
    sending.current = true;
    typing.rested();
    try {
      const result = await (target?.kind === "edit"
        ? props.onEdit(target.id, text)
        : props.onSend(text, target?.kind === "reply" ? target.id : null));
      setIssue(result.ok ? null : result.issue);
      if (!result.ok) return;
      if (!editing) take(text);
      if (target) onLeaveTarget();
    } finally {
      sending.current = false;
    }
    box.focus();
  }

  function onKeyDown(event: KeyboardEvent<HTMLTextAreaElement>) {
    // 229: an input method takes this key, also where isComposing is already false again.
    if (event.nativeEvent.isComposing || event.keyCode === 229) return;
    const handled =
      (event.key === "Enter" && !event.shiftKey && sendByKey(event.currentTarget.form)) ||
      (event.key === "Escape" && target !== null && leaveByKey()) ||
      (event.key === "ArrowUp" && target === null && event.currentTarget.value === "" && props.onEditLast());
    if (handled) event.preventDefault();
  }
  const sendByKey = (form: HTMLFormElement | null) => {
    form?.requestSubmit();
    return true;
  };
  const leaveByKey = () => {
    leave();
    return true;
  };

  const refused = state.status === "refused" ? state : null;
  const problem = issue ? issueWords(words, issue) : refused ? refusalWords(words, refused) : null;
  const described = [
    `${id}-hint`,
    ...(target ? [`${id}-target`] : []),
    ...(problem ? [`${id}-problem`] : []),
    ...(left <= COUNTER_FROM ? [`${id}-left`] : []),
  ];
  return (
    <form
      action={submit}
      onSubmit={send}
      className="pb-safe shrink-0 border-line border-t bg-surface px-3 pt-2.5 [--pb-safe:0.625rem]"
    >
      <div className="mx-auto max-w-3xl sm:px-5">
        <input type="hidden" name="consultationId" value={consultationId} />
        <input type="hidden" name="id" value={refused?.id ?? formMessageId ?? ""} />
        {problem ? (
          <p id={`${id}-problem`} role="alert" className="mb-2 rounded-lg bg-danger-soft px-3 py-2 text-danger text-sm">
            {problem}
          </p>
        ) : null}
        {target ? <ComposerTargetBar id={`${id}-target`} composing={target} onLeave={leave} /> : null}
        <div className="flex items-end gap-2">
          <div className="min-w-0 grow rounded-2xl border border-control bg-surface focus-within:border-accent focus-within:outline-2 focus-within:outline-accent">
            <textarea
              ref={field}
              name="content"
              rows={1}
              dir="auto"
              defaultValue={refused?.content}
              aria-label={words.composer.label}
              aria-describedby={described.join(" ")}
              aria-invalid={problem !== null || left < 0}
              placeholder={words.composer.placeholder}
              enterKeyHint="send"
              onInput={() => {
                refresh();
                setIssue(null);
                typing.typed();
              }}
              onBlur={typing.rested}
              onKeyDown={onKeyDown}
              className="no-script:field-sizing-content no-script:min-h-20 block max-h-[9.75rem] w-full resize-none bg-transparent px-4 py-2.5 text-base leading-6 outline-none"
            />
          </div>
          <button
            type="submit"
            aria-label={editing ? words.target.save : words.composer.send}
            className="grid size-11 shrink-0 place-items-center rounded-full border border-transparent bg-accent text-on-accent transition-colors hover:bg-accent-strong"
          >
            {editing ? (
              <Check aria-hidden="true" className="size-5" />
            ) : (
              <SendHorizontal aria-hidden="true" className="size-5 rtl:-scale-x-100" />
            )}
          </button>
        </div>
        <p id={`${id}-hint`} className="sr-only">
          {words.composer.hint}
        </p>
        {left <= COUNTER_FROM ? <CharactersLeft id={`${id}-left`} left={left} /> : null}
      </div>
    </form>
  );
}

/** The form without scripts is told the code only; why the words themselves were refused can be seen in them. */
function refusalWords(words: Catalogue, refused: Extract<FormState, { status: "refused" }>): string {
  const checked = refused.code === "validation-failed" ? contentSchema.safeParse(refused.content) : null;
  return checked?.error
    ? issueWords(words, checked.error.issues[0]?.message ?? "default")
    : errorWords(words, refused.code);
}
