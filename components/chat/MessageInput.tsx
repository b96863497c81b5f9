"use client";

import { SendHorizontal } from "lucide-react";
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
import { cn } from "@/components/ui/cn";
import { useWords } from "@/components/ui/ViewpointProvider";
import type { Drafts } from "@/lib/browser/queue/drafts";
import { errorWords, issueWords } from "@/lib/i18n/catalogue";
import type { Catalogue } from "@/lib/i18n/en";
import { contentSchema, countCodePoints, MAX_CONTENT_CODE_POINTS } from "@/lib/protocol/content";
import type { SendResult } from "@/lib/sync/conversation-engine";
import { type FormAction, type FormState, IDLE } from "./form-action";

export interface MessageInputHandle {
  /** Puts words back, after those that are there already. */
  restore(text: string): void;
}

interface MessageInputProps {
  consultationId: string;
  /** Message id of the form without scripts, made when it was rendered: posting it twice is one message. */
  formMessageId: string | undefined;
  formAction: FormAction | undefined;
  onSend(content: string): Promise<SendResult>;
  /** Where words wait while this composer is not on the screen. */
  drafts: Drafts;
  ref?: Ref<MessageInputHandle>;
}

const COUNTER_FROM = 300;
const noAction: FormAction = async () => IDLE;

export function MessageInput({ consultationId, formMessageId, formAction, onSend, drafts, ref }: MessageInputProps) {
  const words = useWords();
  const id = useId();
  const field = useRef<HTMLTextAreaElement>(null);
  const sending = useRef(false);
  const [length, setLength] = useState(0);
  const [issue, setIssue] = useState<string | null>(null);
  const [state, submit] = useActionState(formAction ?? noAction, IDLE);
  const left = MAX_CONTENT_CODE_POINTS - length;

  const refresh = () => {
    const box = field.current;
    if (!box) return;
    box.style.height = "auto";
    box.style.height = `${box.scrollHeight}px`;
    setLength(countCodePoints(box.value.normalize("NFC").trim()));
    drafts.set(consultationId, box.value);
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when the composer comes onto the screen.
  useLayoutEffect(() => {
    const fill = (text: string) => {
      if (field.current && field.current.value === "") field.current.value = text;
      refresh();
    };
    fill(drafts.get(consultationId));
    void drafts.load(consultationId).then(fill);
  }, []);

  useImperativeHandle(ref, () => ({
    restore(text) {
      const box = field.current;
      if (!box) return;
      box.value = box.value.trim() ? `${box.value.trimEnd()}\n${text}` : text;
      refresh();
      setIssue(null);
      box.focus();
    },
  }));

  async function send(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    const box = field.current;
    if (!box || sending.current) return;
    const text = box.value;
    sending.current = true;
    try {
      const result = await onSend(text);
      setIssue(result.ok ? null : result.issue);
      // SND1: only what the queue has taken leaves; words typed meanwhile stay.
      if (result.ok && box.value.startsWith(text)) box.value = box.value.slice(text.length);
      refresh();
    } finally {
      sending.current = false;
    }
    box.focus();
  }

  function sendOnEnter(event: KeyboardEvent<HTMLTextAreaElement>) {
    // 229: an input method takes this key, also where isComposing is already false again.
    const composing = event.nativeEvent.isComposing || event.keyCode === 229;
    if (event.key !== "Enter" || event.shiftKey || composing) return;
    event.preventDefault();
    event.currentTarget.form?.requestSubmit();
  }

  const refused = state.status === "refused" ? state : null;
  const problem = issue ? issueWords(words, issue) : refused ? refusalWords(words, refused) : null;
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
        <div className="flex items-end gap-2">
          <div className="min-w-0 grow rounded-2xl border border-control bg-surface focus-within:border-accent focus-within:outline-2 focus-within:outline-accent">
            <textarea
              ref={field}
              name="content"
              rows={1}
              dir="auto"
              defaultValue={refused?.content}
              aria-label={words.composer.label}
              aria-describedby={`${id}-hint${problem ? ` ${id}-problem` : ""}${left <= COUNTER_FROM ? ` ${id}-left` : ""}`}
              aria-invalid={problem !== null || left < 0}
              placeholder={words.composer.placeholder}
              enterKeyHint="send"
              onInput={() => {
                refresh();
                setIssue(null);
              }}
              onKeyDown={sendOnEnter}
              className="no-script:field-sizing-content no-script:min-h-20 block max-h-[9.75rem] w-full resize-none bg-transparent px-4 py-2.5 text-base leading-6 outline-none"
            />
          </div>
          <button
            type="submit"
            aria-label={words.composer.send}
            className="grid size-11 shrink-0 place-items-center rounded-full bg-accent text-on-accent transition-colors hover:bg-accent-strong"
          >
            <SendHorizontal aria-hidden="true" className="size-5 rtl:-scale-x-100" />
          </button>
        </div>
        <p id={`${id}-hint`} className="sr-only">
          {words.composer.hint}
        </p>
        {left <= COUNTER_FROM ? (
          <p
            id={`${id}-left`}
            className={cn(
              "numeric mt-1 pr-14 text-right text-xs",
              left < 0 ? "font-semibold text-danger" : "text-ink-soft",
            )}
          >
            {left < 0 ? words.composer.over(-left) : words.composer.remaining(left)}
          </p>
        ) : null}
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
