import { CircleAlert, CircleCheck } from "lucide-react";
import { Fragment } from "react";

interface FormOutcomeProps {
  problem: string | null;
  done: string | null;
}

/** What became of a form, said where it was sent. */
export function FormOutcome({ problem, done }: FormOutcomeProps) {
  return (
    <Fragment>
      <p
        role="alert"
        className="mb-4 flex gap-2.5 rounded-xl bg-danger-soft p-3.5 text-[0.9375rem] text-danger empty:hidden"
      >
        {problem ? (
          <Fragment>
            <CircleAlert aria-hidden="true" className="mt-0.5 size-5 shrink-0" />
            <span>{problem}</span>
          </Fragment>
        ) : null}
      </p>
      <p role="status" className="mb-4 flex gap-2.5 rounded-xl bg-accent-soft p-3.5 text-[0.9375rem] empty:hidden">
        {done ? (
          <Fragment>
            <CircleCheck aria-hidden="true" className="mt-0.5 size-5 shrink-0 text-success" />
            <span>{done}</span>
          </Fragment>
        ) : null}
      </p>
    </Fragment>
  );
}
