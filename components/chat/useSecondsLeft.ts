import { useEffect, useState } from "react";
import { useChatClient } from "@/hooks/useChatClient";

/** Whole seconds until a time of the server's clock, by that clock where it is known; null before the first count. */
export function useSecondsLeft(at: string): number | null {
  const { serverTime } = useChatClient().ports;
  const [seconds, setSeconds] = useState<number | null>(null);
  useEffect(() => {
    const count = () => {
      const now = serverTime.now() ?? Date.now();
      setSeconds(Math.max(0, Math.ceil((Date.parse(at) - now) / 1_000)));
    };
    count();
    const timer = setInterval(count, 250);
    return () => clearInterval(timer);
  }, [at, serverTime]);
  return seconds;
}
