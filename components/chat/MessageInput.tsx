"use client";

import { Check, SendHorizontal } from "lucide-react";
import {
  type KeyboardEvent,
  type Ref,
  type SubmitEvent,
  useActionState,
  useId,
  useImperativeHandle,
  useLayoutEffect,
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
import { isAwaited } from "./timeline-navigation";
import type { ComposerTarget } from "./useComposerTarget";
import { useComposerText } from "./useComposerText";

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
  onLeaveTarget(): void;
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
  const latest = useRef(target);
  /** What the words on their way into the queue act on: those behind them do not. */
  const leaving = useRef<ComposerTarget | null>(null);
  const [issue, setIssue] = useState<string | null>(null);
  const [state, submit] = useActionState(formAction ?? noAction, IDLE);
  const { length, refresh, written, bringBack, forgetEdit } = useComposerText(field, {
    ...{ consultationId, drafts, target },
  });
  const left = MAX_CONTENT_CODE_POINTS - length;
  const editing = target?.kind === "edit";

  useLayoutEffect(() => {
    latest.current = target;
  }, [target]);
  useLayoutEffect(() => {
    if (isAwaited()) field.current?.focus();
  }, []);
  useImperativeHandle(props.ref, () => ({
    restore(text) {
      bringBack(text);
      if (editing) onLeaveTarget();
      setIssue(null);
      field.current?.focus();
    },
  }));

  function leave() {
    forgetEdit();
    setIssue(null);
    onLeaveTarget();
    field.current?.focus();
  }

  /** SND1: only what the queue has taken leaves; what is written and sent meanwhile stands behind it, each its own. */
  async function send(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    const { text, behind, depart } = written();
    field.current?.focus();
    typing.rested();
    // Enter once more: the words are on their way.
    if (behind && text.trim() === "") return;
    const checked = contentSchema.safeParse(text);
    setIssue(checked.error?.issues[0]?.message ?? null);
    if (checked.error) return;
    const aimed = behind && isSame(target, leaving.current) ? null : target;
    leaving.current = aimed ?? leaving.current;
    const departure = depart();
    const result = await (aimed?.kind === "edit"
      ? props.onEdit(aimed.id, departure.text)
      : props.onSend(departure.text, aimed?.kind === "reply" ? aimed.id : null));
    if (!result.ok) {
      departure.back();
      setIssue(result.issue);
      return;
    }
    const left = departure.taken();
    if (isSame(leaving.current, aimed)) leaving.current = null;
    if (aimed && isSame(latest.current, aimed) && (left || aimed.kind === "reply")) onLeaveTarget();
  }

  function onKeyDown(event: KeyboardEvent<HTMLTextAreaElement>) {
    // 229: an input method takes this key, also where isComposing is already false again.
    if (event.nativeEvent.isComposing || event.keyCode === 229) return;
    const handled =
      (isEnter(event) && sendByKey(event.currentTarget.form)) ||
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
      onKeyDownCapture={(event) => {
        // A key that is held says the same thing once: neither twice, nor that there is nothing left to send.
        if (!isEnter(event) || !event.repeat) return;
        event.preventDefault();
        event.stopPropagation();
      }}
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
              translate="no"
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

function isEnter(event: KeyboardEvent): boolean {
  return event.key === "Enter" && !event.shiftKey;
}

function isSame(one: ComposerTarget | null, other: ComposerTarget | null): boolean {
  return one?.kind === other?.kind && one?.id === other?.id;
}

/** The form without scripts is told the code only; why the words themselves were refused can be seen in them. */
function refusalWords(words: Catalogue, refused: Extract<FormState, { status: "refused" }>): string {
  const checked = refused.code === "validation-failed" ? contentSchema.safeParse(refused.content) : null;
  return checked?.error
    ? issueWords(words, checked.error.issues[0]?.message ?? "default")
    : errorWords(words, refused.code);
}
