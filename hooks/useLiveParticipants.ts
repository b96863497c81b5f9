"use client";

import { useMemo } from "react";
import { invitationOf } from "@/lib/core/invitation";
import type { Participant } from "@/lib/protocol/snapshot";
import { useConsultationList } from "./useConsultationList";
import { usePeople, withPresence } from "./usePeople";

/**
 * Participants with what is known by now of their presence and their invitation. Those of whom nothing new is known stay
 * the same object.
 */
export function useLiveParticipants(
  consultationId: string,
  participants: readonly Participant[],
): readonly Participant[] {
  const people = usePeople();
  const { rows } = useConsultationList();
  const row = rows.find(({ id }) => id === consultationId);
  return useMemo(
    () =>
      participants.map((participant) => {
        const invitation = invitationOf(participant, row);
        const present = withPresence(participant, people.get(participant.user.id));
        return invitation === participant.invitation ? present : { ...present, invitation };
      }),
    [participants, people, row],
  );
}
