import { useLayoutEffect, useRef } from "react";
import { focusComposer } from "./timeline-navigation";

/** Whoever pressed what goes away with its own success finds the focus in the composer; to be called on the press. */
export function useFocusAfter(): () => void {
  const pressed = useRef(false);
  useLayoutEffect(
    () => () => {
      if (pressed.current) queueMicrotask(focusComposer);
    },
    [],
  );
  return () => {
    pressed.current = true;
  };
}
