"use client";

import { Fragment, useState } from "react";
import { useWords } from "@/components/ui/ViewpointProvider";
import { useChatClient } from "@/hooks/useChatClient";
import { useLiveParticipants } from "@/hooks/useLiveParticipants";
import { usePresence } from "@/hooks/usePresence";
import { useRealtimeMessages } from "@/hooks/useRealtimeMessages";
import type { User } from "@/lib/protocol/user";
import { isTold } from "@/lib/sync/people";
import { AddColleague } from "./AddColleague";
import { InvitationTools } from "./InvitationTools";
import { PersonEntry } from "./PersonEntry";
import { RemovePerson } from "./RemovePerson";

/** Everybody who takes part; practitioners add and remove. */
export function PeopleList({ consultationId }: { consultationId: string }) {
  const { people } = useWords();
  const { viewer } = useChatClient();
  const room = useRealtimeMessages(consultationId);
  const participants = useLiveParticipants(consultationId, room.participants);
  const { userIds } = usePresence(consultationId);
  const [leaving, setLeaving] = useState<User | null>(null);
  const [said, setSaid] = useState("");
  const practitioner = viewer.role === "PRACTITIONER";
  const practitioners = participants.filter(({ user }) => user.role === "PRACTITIONER").length;
  const status = room.consultation?.status;
  const open = status === "SCHEDULED" || status === "IN_PROGRESS";

  return (
    <Fragment>
      <ul className="space-y-0.5 px-2 py-3">
        {participants.map((participant) => {
          const { user, invitation } = participant;
          const removable = practitioner && !invitation && !(user.role === "PRACTITIONER" && practitioners === 1);
          return (
            <PersonEntry
              key={user.id}
              participant={participant}
              self={user.id === viewer.id}
              here={userIds.includes(user.id)}
              told={isTold(room)}
              onRemove={removable ? () => setLeaving(user) : null}
            >
              {invitation && practitioner ? (
                <InvitationTools
                  consultationId={consultationId}
                  user={user}
                  open={open}
                  onWithdrawn={() => setSaid(people.withdrawn(user.name))}
                />
              ) : null}
            </PersonEntry>
          );
        })}
      </ul>
      <p role="status" className="sr-only">
        {said}
      </p>
      {practitioner && open ? (
        <AddColleague
          consultationId={consultationId}
          present={participants.map(({ user }) => user.id)}
          onAdded={(user) => setSaid(people.added(user.name))}
        />
      ) : null}
      {leaving ? (
        <RemovePerson
          consultationId={consultationId}
          user={leaving}
          self={leaving.id === viewer.id}
          onClose={(removed) => {
            setLeaving(null);
            if (removed) setSaid(people.removed(leaving.name));
          }}
        />
      ) : null}
    </Fragment>
  );
}
