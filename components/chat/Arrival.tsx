"use client";

import { m } from "framer-motion";
import { useEffect, useState } from "react";
import { useStill } from "@/components/ui/Motion";
import type { Parts } from "@/lib/jsx/content";

interface ArrivalProps {
  /** Read at mount only: a row that scrolls out and in again does not arrive twice. */
  arriving: boolean;
  onArrived(): void;
  children: Parts;
}

export function Arrival({ arriving, onArrived, children }: ArrivalProps) {
  const [arrives] = useState(arriving);
  const still = useStill();
  useEffect(() => {
    if (arrives) onArrived();
  }, [arrives, onArrived]);

  if (!arrives) return <div>{children}</div>;
  return (
    <m.div
      initial={still ? false : { opacity: 0, y: 6 }}
      animate={{ opacity: 1, y: 0 }}
      transition={{ duration: 0.15 }}
    >
      {children}
    </m.div>
  );
}
