import { useEffect, useRef, useState } from "react";
import type { JumpTarget } from "./RoomContext";
import { showRow } from "./timeline-navigation";

const HIGHLIGHT_MS = 2_500;

interface JumpOptions {
  has(id: string): boolean;
  /** Resolves with whether the message of this number is loaded now. */
  loadUntil(seq: number): Promise<boolean>;
  onArrive(id: string): void;
}

export type JumpState = "idle" | "loading" | "failed";

/** Leads to a message, loading what lies between; the newest jump wins. */
export function useJump({ has, loadUntil, onArrive }: JumpOptions) {
  const [highlighted, setHighlighted] = useState<string | null>(null);
  const [state, setState] = useState<JumpState>("idle");
  const latest = useRef(0);

  useEffect(() => {
    if (highlighted === null) return;
    const timer = setTimeout(() => setHighlighted(null), HIGHLIGHT_MS);
    return () => clearTimeout(timer);
  }, [highlighted]);

  async function jumpTo({ id, seq }: JumpTarget) {
    latest.current += 1;
    const jump = latest.current;
    if (!has(id)) {
      if (seq === null) return;
      setState("loading");
      const loaded = await loadUntil(seq);
      if (jump !== latest.current) return;
      setState(loaded ? "idle" : "failed");
      if (!loaded) return;
    }
    setState("idle");
    setHighlighted(id);
    onArrive(id);
    showRow(id);
  }

  return { highlighted, state, jumpTo };
}
