"use client";

import { Fragment } from "react";
import { useViewpoint } from "@/components/ui/ViewpointProvider";
import { fullTime } from "@/lib/i18n/time";
import type { Consultation } from "@/lib/protocol/snapshot";
import type { User } from "@/lib/protocol/user";

interface PrintedHeaderProps {
  consultation: Consultation | null;
  people: readonly User[];
  viewer: User;
  printedAt: number;
}

export function PrintedHeader({ consultation, people, viewer, printedAt }: PrintedHeaderProps) {
  const { view, words } = useViewpoint();
  const { print, roles } = words;
  const person = ({ name, role }: User) => `${name} (${roles[role]})`;
  const { startedAt = null, endedAt = null, scheduledFor = null } = consultation ?? {};
  const times = [
    { label: print.scheduledFor, at: startedAt === null ? scheduledFor : null },
    { label: print.startedAt, at: startedAt },
    { label: print.endedAt, at: endedAt },
  ];
  return (
    <header>
      <p>{words.app.name}</p>
      <h1 dir="auto">{consultation?.subject ?? words.chat.title}</h1>
      <dl>
        <dt>{print.people}</dt>
        <dd>
          {people.map((user) => (
            <span key={user.id} className="block" dir="auto">
              {person(user)}
            </span>
          ))}
        </dd>
        {consultation ? (
          <Fragment>
            <dt>{print.state}</dt>
            <dd>{words.status[consultation.status]}</dd>
          </Fragment>
        ) : null}
        {times.map(({ label, at }) =>
          at === null ? null : (
            <div key={label} className="contents">
              <dt>{label}</dt>
              <dd>{fullTime(view, Date.parse(at))}</dd>
            </div>
          ),
        )}
        <dt>{print.printedAt}</dt>
        <dd>{`${fullTime(view, printedAt)} (${view.zone})`}</dd>
        <dt>{print.printedBy}</dt>
        <dd dir="auto">{person(viewer)}</dd>
      </dl>
    </header>
  );
}
