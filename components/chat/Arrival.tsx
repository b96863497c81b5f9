"use client";

import { AnimatePresence, motion, useReducedMotion } from "framer-motion";
import { useEffect, useState } from "react";
import type { Parts } from "@/lib/jsx/content";

interface ArrivalProps {
  /** Read at mount only: a row that scrolls out and in again does not arrive twice. */
  arriving: boolean;
  onArrived(): void;
  children: Parts;
}

export function Arrival({ arriving, onArrived, children }: ArrivalProps) {
  const [plays] = useState(arriving);
  const still = useReducedMotion();
  useEffect(() => {
    if (plays) onArrived();
  }, [plays, onArrived]);

  if (!plays) return <div>{children}</div>;
  return (
    <AnimatePresence initial={!still}>
      <motion.div initial={{ opacity: 0, y: 6 }} animate={{ opacity: 1, y: 0 }} transition={{ duration: 0.15 }}>
        {children}
      </motion.div>
    </AnimatePresence>
  );
}
