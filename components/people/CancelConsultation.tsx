"use client";

import { CalendarX2 } from "lucide-react";
import { Fragment, useState } from "react";
import { Button } from "@/components/ui/Button";
import { useWords } from "@/components/ui/ViewpointProvider";
import { useManagement } from "@/hooks/useManagement";
import { Confirmation } from "./Confirmation";

/** For the practitioner of a scheduled consultation: calls it off, after a question. */
export function CancelConsultation({ consultationId }: { consultationId: string }) {
  const { cancellation } = useWords();
  const { cancelConsultation } = useManagement();
  const [asking, setAsking] = useState(false);
  return (
    <Fragment>
      <Button look="danger" className="no-script:hidden" onClick={() => setAsking(true)}>
        <CalendarX2 aria-hidden="true" className="size-4.5" />
        <span>{cancellation.open}</span>
      </Button>
      {asking ? (
        <Confirmation
          title={cancellation.title}
          text={cancellation.text}
          words={{ ...cancellation, refusals: { "consultation-state": cancellation.already } }}
          command={() => cancelConsultation(consultationId)}
          onClose={() => setAsking(false)}
        />
      ) : null}
    </Fragment>
  );
}
