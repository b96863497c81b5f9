"use client";

import { useSyncExternalStore } from "react";
import type { Presence, PresenceOf } from "@/lib/sync/people";
import { useChatClient } from "./useChatClient";

/** Who is online, by user id, as far as this tab was told. */
export function usePeople(): PresenceOf {
  const { subscribe, getSnapshot, getServerSnapshot } = useChatClient().live.people;
  return useSyncExternalStore(subscribe, getSnapshot, getServerSnapshot);
}

export function withPresence<Person extends Presence>(person: Person, known: Presence | undefined): Person {
  if (!known || (known.online === person.online && known.lastActiveAt === person.lastActiveAt)) return person;
  return { ...person, ...known };
}
