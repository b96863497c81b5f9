"use client";

import { LogOut } from "lucide-react";
import { Fragment, type SubmitEvent, useId, useRef, useState } from "react";
import { Button, buttonClass } from "@/components/ui/Button";
import { CopyButton } from "@/components/ui/CopyButton";
import { useDialogOverlay } from "@/components/ui/useOverlay";
import { useWords } from "@/components/ui/ViewpointProvider";
import { useChatClient } from "@/hooks/useChatClient";
import type { UnsentWords } from "@/lib/browser/create-chat-client";
import { serverAnswers } from "@/lib/browser/page-requests";

/** Posts to next-auth itself, so that it needs no script; with scripts it asks first when words would be lost (SND5). */
export function SignOut({ csrfToken }: { csrfToken: string }) {
  const { settings, signOut } = useWords();
  const { readUnsent, wipe } = useChatClient();
  const id = useId();
  const form = useRef<HTMLFormElement>(null);
  const dialog = useRef<HTMLDialogElement>(null);
  const [unsent, setUnsent] = useState<readonly UnsentWords[]>([]);
  const [busy, setBusy] = useState(false);
  const [unreachable, setUnreachable] = useState(false);
  const waiting = unsent.flatMap(({ texts }) => texts);
  const begun = unsent.flatMap(({ drafts = [] }) => drafts);
  useDialogOverlay(dialog);

  async function ask(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    const found = await readUnsent();
    setUnsent(found);
    if (found.length > 0) dialog.current?.showModal();
    else await leave();
  }

  async function leave() {
    setBusy(true);
    // Nothing is deleted for a sign-out that does not come to pass.
    const possible = await serverAnswers();
    setUnreachable(!possible);
    if (!possible) {
      dialog.current?.close();
      setBusy(false);
      return;
    }
    await wipe();
    form.current?.submit();
  }

  return (
    <Fragment>
      <form ref={form} method="post" action="/api/auth/signout" onSubmit={ask}>
        <input type="hidden" name="csrfToken" value={csrfToken} />
        <input type="hidden" name="callbackUrl" value="/sign-in" />
        <Button type="submit" look="secondary">
          <LogOut aria-hidden="true" className="size-4" />
          <span>{settings.signOut}</span>
        </Button>
        <p role="status" className="mt-1 max-w-60 text-danger text-sm empty:hidden">
          {unreachable ? signOut.unreachable : null}
        </p>
      </form>
      <dialog
        ref={dialog}
        aria-labelledby={`${id}-title`}
        aria-describedby={`${id}-text`}
        className="m-auto w-[calc(100%-2rem)] max-w-md rounded-2xl border border-transparent bg-surface p-5 text-ink shadow-float backdrop:bg-black/50"
      >
        <h2 id={`${id}-title`} className="font-semibold text-lg">
          {signOut.title(waiting.length, begun.length)}
        </h2>
        <p id={`${id}-text`} className="mt-1 text-[0.9375rem] text-ink-soft">
          {waiting.length > 0 ? signOut.text : signOut.textDrafts}
        </p>
        <div className="mt-4 flex flex-wrap gap-2">
          <a
            href={`/consultations/${unsent[0]?.consultationId}`}
            className={buttonClass({ look: "secondary", size: "small" })}
          >
            {signOut.see}
          </a>
          <CopyButton look="secondary" size="small" words={signOut} text={() => [...waiting, ...begun].join("\n\n")} />
        </div>
        <div className="mt-6 flex flex-wrap justify-end gap-2">
          <Button look="danger" busy={busy} onClick={leave}>
            {signOut.confirm}
          </Button>
          <Button autoFocus onClick={() => dialog.current?.close()}>
            {signOut.stay}
          </Button>
        </div>
      </dialog>
    </Fragment>
  );
}
