"use client";

import { AnimatePresence, LazyMotion, m, useReducedMotion } from "framer-motion";
import { type ComponentProps, createContext, useContext, useState, useSyncExternalStore } from "react";
import { LaterPart } from "@/lib/browser/later-part";
import type { Parts } from "@/lib/jsx/content";
import { useFetchedAtRest } from "./drawn-later";

type Features = ComponentProps<typeof LazyMotion>["features"];

const part = new LaterPart<Features>(async () => (await import("./motion-features")).domAnimation);
const PARTS = [part];
const NO_FEATURES = {} as Features;
const Ready = createContext(false);

/** Around whatever moves. What moves things comes after the page, and until then they are where they belong at once. */
export function Motion({ children }: { children: Parts }) {
  useFetchedAtRest(PARTS);
  const features = useSyncExternalStore(part.subscribe, part.getSnapshot, () => null);
  return (
    <LazyMotion strict features={features ?? NO_FEATURES}>
      <Ready value={features !== null}>{children}</Ready>
    </LazyMotion>
  );
}

/** Decided as something comes: what has come still does not begin to move later. */
export function useStill(): boolean {
  const reduced = useReducedMotion();
  const ready = useContext(Ready);
  const [moves] = useState(ready);
  return reduced || !moves;
}

interface UnfoldingProps {
  shown: boolean;
  className: string;
  children: Parts;
}

/** Makes room for itself gently, and gives it back. */
export function Unfolding({ shown, ...props }: UnfoldingProps) {
  return <AnimatePresence initial={false}>{shown ? <Unfolded {...props} /> : null}</AnimatePresence>;
}

function Unfolded({ className, children }: Omit<UnfoldingProps, "shown">) {
  const still = useStill();
  return (
    <m.div
      className={className}
      initial={still ? false : { height: 0, opacity: 0 }}
      animate={{ height: "auto", opacity: 1 }}
      exit={{ height: 0, opacity: 0 }}
      transition={{ duration: still ? 0 : 0.16 }}
    >
      {children}
    </m.div>
  );
}
