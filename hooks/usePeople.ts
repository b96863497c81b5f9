"use client";

import { useMemo, useSyncExternalStore } from "react";
import type { Presence, PresenceOf } from "@/lib/sync/people";
import { useChatClient } from "./useChatClient";

/** Who is online, by user id, as far as this tab was told. */
export function usePeople(): PresenceOf {
  const { subscribe, getSnapshot, getServerSnapshot } = useChatClient().live.people;
  return useSyncExternalStore(subscribe, getSnapshot, getServerSnapshot);
}

/** Participants with what is known of their presence by now. Those of whom nothing new is known stay the same object. */
export function useLiveParticipants<Person extends Presence & { readonly user: { readonly id: string } }>(
  participants: readonly Person[],
): readonly Person[] {
  const people = usePeople();
  return useMemo(
    () => participants.map((participant) => withPresence(participant, people.get(participant.user.id))),
    [participants, people],
  );
}

export function withPresence<Person extends Presence>(person: Person, known: Presence | undefined): Person {
  if (!known || (known.online === person.online && known.lastActiveAt === person.lastActiveAt)) return person;
  return { ...person, ...known };
}
