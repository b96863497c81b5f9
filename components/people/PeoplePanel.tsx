"use client";

import { X } from "lucide-react";
import { useEffect, useEffectEvent, useLayoutEffect, useRef } from "react";
import { useOverlay } from "@/components/ui/useOverlay";
import { useWords } from "@/components/ui/ViewpointProvider";
import type { Parts } from "@/lib/jsx/content";
import { Modal } from "./Modal";
import { PeopleList } from "./PeopleList";
import { useWide } from "./useWide";

interface PeoplePanelProps {
  consultationId: string;
  onClose(): void;
}

/**
 * Who takes part, beside the conversation where there is room and over it where there is not. Mounted while it is
 * open, as the last child of the row that has the conversation as its first.
 */
export function PeoplePanel({ consultationId, onClose }: PeoplePanelProps) {
  const { people } = useWords();
  const wide = useWide();
  const content = (
    <div className="flex h-full min-h-0 flex-col">
      <header className="flex min-h-16 shrink-0 items-center justify-between gap-2 border-line border-b py-1 pr-3 pl-5">
        <h2 className="font-semibold">{people.title}</h2>
        <button
          type="button"
          aria-label={people.close}
          onClick={onClose}
          className="icon-button text-ink-soft hover:bg-hover"
        >
          <X aria-hidden="true" className="size-5" />
        </button>
      </header>
      <div className="pb-safe @container min-h-0 grow overflow-y-auto">
        <PeopleList consultationId={consultationId} />
      </div>
    </div>
  );
  return wide ? (
    <Column label={people.title} onClose={onClose}>
      {content}
    </Column>
  ) : (
    <Modal bare look="sheet" title={people.title} onClose={onClose}>
      {content}
    </Modal>
  );
}

function Column({ label, onClose, children }: { label: string; onClose(): void; children: Parts }) {
  const ref = useRef<HTMLElement>(null);
  useOverlay(onClose);
  const close = useEffectEvent(onClose);
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key !== "Escape" || event.defaultPrevented || document.querySelector("dialog[open]")) return;
      event.preventDefault();
      close();
    };
    window.addEventListener("keydown", onKeyDown);
    return () => window.removeEventListener("keydown", onKeyDown);
  }, []);
  // A layout effect: what is about to go still has the focus.
  useLayoutEffect(() => {
    const opener = document.activeElement;
    const column = ref.current;
    column?.focus();
    return () => {
      if (column?.contains(document.activeElement) && opener instanceof HTMLElement) opener.focus();
    };
  }, []);
  return (
    <section
      ref={ref}
      aria-label={label}
      tabIndex={-1}
      className="w-80 shrink-0 border-line border-l bg-surface -outline-offset-2"
    >
      {children}
    </section>
  );
}
