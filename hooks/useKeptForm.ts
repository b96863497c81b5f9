"use client";

import { useState } from "react";
import { useChatClient } from "./useChatClient";

/** State of a form that outlives its component: it is still there after a visit to another page of the app. */
export function useKeptForm<State>(form: string, empty: State) {
  const { forms } = useChatClient();
  const [state, setState] = useState(() => (forms.get(form) as State | undefined) ?? empty);
  const keep = (next: State) => {
    forms.set(form, next);
    setState(next);
  };
  return [state, keep] as const;
}
