"use client";

import { Fragment, useId, useLayoutEffect, useRef } from "react";
import { cn } from "@/components/ui/cn";
import { useOverlay } from "@/components/ui/useOverlay";
import type { Parts } from "@/lib/jsx/content";

const looks = {
  dialog: "m-auto max-h-[calc(100dvh-2rem)] w-[calc(100%-2rem)] max-w-md overflow-y-auto rounded-2xl p-5",
  sheet:
    "mr-0 ml-auto h-dvh max-h-none w-full max-w-none overflow-hidden sm:max-w-sm sm:rounded-l-2xl sm:rounded-r-none rtl:mr-auto rtl:ml-0",
};

interface ModalProps {
  title: string;
  /** What the dialog means, spoken with its title. */
  text?: string;
  role?: "dialog" | "alertdialog";
  look?: keyof typeof looks;
  /** The heading is part of `children`. */
  bare?: boolean;
  onClose(): void;
  children: Parts;
}

/**
 * Open while it is mounted. A native modal holds the focus, closes on Escape and gives the focus back; whatever carries
 * `data-first` has it first.
 */
export function Modal({ title, text, role = "dialog", look = "dialog", bare = false, onClose, children }: ModalProps) {
  const id = useId();
  const ref = useRef<HTMLDialogElement>(null);
  useOverlay(onClose);

  // A layout effect: the focus is given back only by a dialog that closes while it is still in the page.
  useLayoutEffect(() => {
    const dialog = ref.current;
    dialog?.showModal();
    dialog?.querySelector<HTMLElement>("[data-first]")?.focus();
    return () => dialog?.close();
  }, []);

  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape does the same.
    <dialog
      ref={ref}
      role={role}
      aria-labelledby={bare ? undefined : `${id}-title`}
      aria-label={bare ? title : undefined}
      aria-describedby={text && !bare ? `${id}-text` : undefined}
      onClose={(event) => {
        if (!event.currentTarget.open) onClose();
      }}
      onClick={(event) => {
        if (look === "sheet" && event.target === event.currentTarget) onClose();
      }}
      className={cn("border border-transparent bg-surface text-ink shadow-float backdrop:bg-black/50", looks[look])}
    >
      {bare ? null : (
        <Fragment>
          <h2 id={`${id}-title`} className="font-semibold text-lg">
            {title}
          </h2>
          {text ? (
            <p id={`${id}-text`} className="mt-1 text-pretty text-[0.9375rem] text-ink-soft">
              {text}
            </p>
          ) : null}
        </Fragment>
      )}
      {children}
    </dialog>
  );
}
