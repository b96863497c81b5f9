import { type RefObject, useEffect, useState } from "react";
import { useIsHere } from "@/components/ui/drawn-later";
import { tips } from "./later-parts";

/** True once the chips of this list may have tips. A chip with one is another button: not while somebody is at it. */
export function useTipped(list: RefObject<HTMLElement | null>): boolean {
  const areHere = useIsHere(tips);
  const [tipped, setTipped] = useState(() => tips.getSnapshot() !== null);
  useEffect(() => {
    const chips = list.current;
    if (!areHere || tipped || !chips) return;
    const look = ({ relatedTarget = null }: { relatedTarget?: EventTarget | null } = {}) => {
      const staysInside = relatedTarget instanceof Node && chips.contains(relatedTarget);
      const isElsewhere = !staysInside && !chips.matches(":hover") && !chips.contains(document.activeElement);
      if (isElsewhere) setTipped(true);
    };
    look();
    chips.addEventListener("pointerleave", look);
    chips.addEventListener("focusout", look);
    return () => {
      chips.removeEventListener("pointerleave", look);
      chips.removeEventListener("focusout", look);
    };
  }, [areHere, tipped, list]);
  return tipped;
}
