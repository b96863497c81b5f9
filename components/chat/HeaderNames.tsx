"use client";

import { PersonName } from "@/components/ui/PersonName";
import { useWords } from "@/components/ui/ViewpointProvider";
import type { User } from "@/lib/protocol/user";

const NAMED = 2;

/** Whose conversation this is: of two each keeps a line of its own where one line is too short for both. */
export function HeaderNames({ people }: { people: readonly User[] }) {
  const { chat } = useWords();
  const [first] = people;
  const look = "font-semibold text-[0.9375rem] leading-snug";
  if (!first) return <h1 className={look}>{chat.nobody}</h1>;
  if (people.length === 1) {
    return (
      <h1 className={look}>
        <PersonName name={first.name} role={first.role} oneLine />
      </h1>
    );
  }
  const named = people.slice(0, NAMED);
  const more = people.length - named.length;
  return (
    <h1 translate="no" title={people.map(({ name }) => name).join(", ")} className={`flex flex-wrap gap-x-1.5 ${look}`}>
      {named.map(({ id, name, role }, index) => (
        <span key={id} className="flex max-w-full">
          <PersonName name={name} role={role} oneLine />
          {index < named.length - 1 ? <span className="whitespace-pre">{", "}</span> : null}
          {index === named.length - 1 && more > 0 ? (
            <span className="shrink-0 ps-1.5 font-normal text-ink-soft">
              <span aria-hidden="true">{`+${more}`}</span>
              <span className="sr-only">{chat.andOthers(more)}</span>
            </span>
          ) : null}
        </span>
      ))}
    </h1>
  );
}
