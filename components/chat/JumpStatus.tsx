"use client";

import { useWords } from "@/components/ui/ViewpointProvider";
import type { JumpState } from "./useJump";
import { useLasting } from "./useLasting";

const PATIENCE_MS = 300;

/** Over the list, so that nothing moves: on the way to a message that is not loaded, or why it was not reached. */
export function JumpStatus({ state }: { state: JumpState }) {
  const { message } = useWords();
  const slow = useLasting(state === "loading", PATIENCE_MS);
  const text = state === "failed" ? message.jumpFailed : slow ? `${message.jumping} …` : null;
  return (
    <div role="status" className="pointer-events-none absolute inset-x-0 top-3 flex justify-center px-4">
      {text === null ? null : (
        <p className="rounded-full border border-line bg-surface px-4 py-2 text-sm shadow-float">{text}</p>
      )}
    </div>
  );
}
