"use client";

import { Modal } from "@/components/people/Modal";
import { Button, buttonClass } from "@/components/ui/Button";
import { cn } from "@/components/ui/cn";
import { useWords } from "@/components/ui/ViewpointProvider";
import { excerptOf } from "@/lib/protocol/excerpt";

interface DeleteDialogProps {
  content: string;
  onConfirm(): void;
  onClose(): void;
}

/** Mounted while it is open; gives the focus back to the message. */
export function DeleteDialog({ content, onConfirm, onClose }: DeleteDialogProps) {
  const { message } = useWords();
  return (
    <Modal role="alertdialog" title={message.deleteTitle} text={message.deleteText} onClose={onClose}>
      <blockquote
        dir="auto"
        className="mt-4 line-clamp-3 rounded-lg border-line border-s-3 bg-sunken px-3 py-2 text-[0.9375rem] wrap-anywhere"
      >
        {excerptOf(content)}
      </blockquote>
      <div className="mt-5 flex flex-wrap justify-end gap-2">
        <button
          type="button"
          onClick={() => {
            onConfirm();
            onClose();
          }}
          className={cn(buttonClass({ look: "danger" }), "order-last border border-danger/40")}
        >
          {message.deleteConfirm}
        </button>
        <Button data-first look="secondary" onClick={onClose}>
          {message.deleteCancel}
        </Button>
      </div>
    </Modal>
  );
}
