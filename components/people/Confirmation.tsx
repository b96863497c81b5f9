"use client";

import { useRef, useState } from "react";
import { Button } from "@/components/ui/Button";
import { useWords } from "@/components/ui/ViewpointProvider";
import type { ManagementResult } from "@/lib/browser/management-api";
import { Modal } from "./Modal";
import { refusalWords } from "./refusal-words";

interface ConfirmationProps {
  title: string;
  text: string;
  words: { keep: string; confirm: string; busy: string; refusals: Readonly<Record<string, string>> };
  command(): Promise<ManagementResult<unknown>>;
  onClose(done: boolean): void;
}

/** Says what something means before it is done, and what went wrong if it was not. */
export function Confirmation({ title, text, words: own, command, onClose }: ConfirmationProps) {
  const words = useWords();
  const dialog = useRef<HTMLDivElement>(null);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);

  async function confirm() {
    setBusy(true);
    setProblem(null);
    const result = await command();
    // Whoever closed it meanwhile sees in the list what came of it, and may have opened the next one.
    if (!dialog.current?.isConnected) return;
    setBusy(false);
    if (result.ok) onClose(true);
    else setProblem(refusalWords(words, result.refusal, own.refusals));
  }

  return (
    <Modal role="alertdialog" title={title} text={text} onClose={() => onClose(false)}>
      {problem ? (
        <p role="alert" className="mt-3 rounded-lg bg-danger-soft px-3 py-2 text-danger text-sm">
          {problem}
        </p>
      ) : null}
      <div ref={dialog} className="mt-5 flex flex-wrap justify-end gap-2">
        <Button look="danger" busy={busy} onClick={confirm} className="order-last border-danger/40">
          {busy ? own.busy : own.confirm}
        </Button>
        <Button data-first look="secondary" onClick={() => onClose(false)}>
          {own.keep}
        </Button>
      </div>
    </Modal>
  );
}
