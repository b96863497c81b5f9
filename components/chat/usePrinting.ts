import { useEffect, useState } from "react";
import { flushSync } from "react-dom";

/** When the page began to be printed; null while it is not. What it makes a component show is in the printout. */
export function usePrinting(): number | null {
  const [since, setSince] = useState<number | null>(null);
  useEffect(() => {
    const print = matchMedia("print");
    // The browser takes the page as it is when its listeners return.
    const turn = (on: boolean) => flushSync(() => setSince((known) => (on ? (known ?? Date.now()) : null)));
    const begin = () => turn(true);
    const end = () => turn(false);
    const change = ({ matches }: MediaQueryListEvent) => turn(matches);
    window.addEventListener("beforeprint", begin);
    window.addEventListener("afterprint", end);
    print.addEventListener("change", change);
    return () => {
      window.removeEventListener("beforeprint", begin);
      window.removeEventListener("afterprint", end);
      print.removeEventListener("change", change);
    };
  }, []);
  return since;
}
