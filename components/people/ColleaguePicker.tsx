"use client";

import { useCallback, useEffect, useRef, useState } from "react";
import { SearchField } from "@/components/shell/SearchField";
import { matches } from "@/components/shell/text-match";
import { Button } from "@/components/ui/Button";
import { PersonAvatar } from "@/components/ui/PersonAvatar";
import { PersonName } from "@/components/ui/PersonName";
import { useWords } from "@/components/ui/ViewpointProvider";
import { useManagement } from "@/hooks/useManagement";
import type { ManagementResult } from "@/lib/browser/management-api";
import type { User } from "@/lib/protocol/user";
import { refusalWords } from "./refusal-words";

interface ColleaguePickerProps {
  consultationId: string;
  present: readonly string[];
  /** `last`: nobody else is being added just now. */
  onAdded(user: User, last: boolean): void;
}

const SEARCH_FROM = 8;
const MOST = 50;

export function ColleaguePicker({ consultationId, present, onAdded }: ColleaguePickerProps) {
  const words = useWords();
  const { people, list } = words;
  const { listColleagues, addParticipant } = useManagement();
  const [answer, setAnswer] = useState<ManagementResult<{ users: User[] }> | null>(null);
  const [query, setQuery] = useState("");
  const [adding, setAdding] = useState<readonly string[]>([]);
  const [problem, setProblem] = useState<string | null>(null);
  const underWay = useRef(0);

  const ask = useCallback(() => {
    setAnswer(null);
    void listColleagues().then(setAnswer);
  }, [listColleagues]);
  useEffect(ask, [ask]);

  async function add(user: User) {
    if (adding.includes(user.id)) return;
    underWay.current += 1;
    setAdding((others) => [...others, user.id]);
    setProblem(null);
    const result = await addParticipant(consultationId, user.id);
    underWay.current -= 1;
    setAdding((others) => others.filter((id) => id !== user.id));
    if (!result.ok) setProblem(`${user.name}: ${refusalWords(words, result.refusal, people.errors)}`);
    else onAdded(user, underWay.current === 0);
  }

  if (!answer) return <PickerSkeleton label={people.loading} />;
  if (!answer.ok) {
    return (
      <div role="alert" className="mt-4 text-danger text-sm">
        <p>{refusalWords(words, answer.refusal, people.errors)}</p>
        <Button look="secondary" size="small" className="mt-2" onClick={ask}>
          {list.retry}
        </Button>
      </div>
    );
  }
  const free = answer.value.users.filter(({ id }) => !present.includes(id));
  const shown = free.filter(({ name }) => matches(query, [name]));
  return (
    <div className="mt-4">
      {problem ? (
        <p role="alert" className="mb-3 rounded-lg bg-danger-soft px-3 py-2 text-danger text-sm">
          {problem}
        </p>
      ) : null}
      {free.length >= SEARCH_FROM ? <SearchField label={people.search} value={query} onChange={setQuery} /> : null}
      {shown.length === 0 ? (
        <p role="status" className="py-2 text-ink-soft text-sm">
          {free.length === 0 ? people.nobodyLeft : people.noHits}
        </p>
      ) : (
        <ul className="mt-1 -mr-2 -ml-2">
          {shown.slice(0, MOST).map((user) => (
            <li key={user.id}>
              <button
                type="button"
                aria-disabled={adding.includes(user.id)}
                onClick={() => add(user)}
                className="flex min-h-13 w-full items-center gap-3 rounded-xl px-2 py-1.5 text-start hover:bg-hover aria-disabled:opacity-60"
              >
                <PersonAvatar person={user} size="small" />
                <PersonName name={user.name} role={user.role} className="grow text-[0.9375rem]" />
                {adding.includes(user.id) ? (
                  <span className="text-ink-soft text-sm">{people.adding}</span>
                ) : (
                  <span className="sr-only">{`: ${people.addThis}`}</span>
                )}
              </button>
            </li>
          ))}
        </ul>
      )}
      {shown.length > MOST ? <p className="py-2 text-ink-soft text-sm">{people.more(shown.length - MOST)}</p> : null}
    </div>
  );
}

const places = ["first", "second", "third"];

function PickerSkeleton({ label }: { label: string }) {
  return (
    <div aria-busy="true" className="mt-4">
      <p role="status" className="sr-only">
        {label}
      </p>
      {places.map((place) => (
        <div key={place} className="flex min-h-13 items-center gap-3">
          <div className="skeleton size-8 rounded-full" />
          <div className="skeleton h-3.5 w-40" />
        </div>
      ))}
    </div>
  );
}
