"use client";

import { UserPlus } from "lucide-react";
import { useRef, useState } from "react";
import { Button } from "@/components/ui/Button";
import { useWords } from "@/components/ui/ViewpointProvider";
import type { User } from "@/lib/protocol/user";
import { ColleaguePicker } from "./ColleaguePicker";

interface AddColleagueProps {
  consultationId: string;
  /** Ids of those who take part already. */
  present: readonly string[];
  onAdded(user: User): void;
}

export function AddColleague({ consultationId, present, onAdded }: AddColleagueProps) {
  const { people } = useWords();
  const [open, setOpen] = useState(false);
  const toggle = useRef<HTMLButtonElement>(null);
  return (
    <section aria-label={people.add} className="border-line border-t px-5 py-4">
      <Button ref={toggle} look="secondary" aria-expanded={open} className="w-full" onClick={() => setOpen(!open)}>
        <UserPlus aria-hidden="true" className="size-4.5 shrink-0" />
        <span>{open ? people.done : people.add}</span>
      </Button>
      <p className="mt-2 text-ink-soft text-sm">{people.addHint}</p>
      {open ? (
        <ColleaguePicker
          consultationId={consultationId}
          present={present}
          onAdded={(user, last) => {
            onAdded(user);
            if (!last) return;
            setOpen(false);
            toggle.current?.focus();
          }}
        />
      ) : null}
    </section>
  );
}
