"use client";

import { useRef, useState } from "react";
import { refusalWords } from "@/components/people/refusal-words";
import { useWords } from "@/components/ui/ViewpointProvider";
import { useChatClient } from "@/hooks/useChatClient";
import { usePreferences } from "@/hooks/usePreferences";
import type { Preferences } from "@/lib/protocol/preferences";
import type { Saving } from "./SavedWords";

export type SwitchName = Exclude<keyof Preferences, "locale">;

/** Each switch is saved when it is turned, one after the other; one that was refused turns back. */
export function useSwitches(initial: Preferences) {
  const words = useWords();
  const { system } = useChatClient().live;
  const { preferences, save } = usePreferences();
  // What the server rendered is newer than what this tab knew when the page came; what it hears later is newer still.
  const [atMount] = useState(preferences);
  const [turned, setTurned] = useState<Partial<Preferences>>({});
  const [saving, setSaving] = useState<Saving>({ state: "idle" });
  const queue = useRef<Promise<void>>(Promise.resolve());
  const turns = useRef<Partial<Record<SwitchName, number>>>({});
  const kept = preferences === null || preferences === atMount ? initial : preferences;

  async function turn(name: SwitchName, on: boolean) {
    if (name === "browserNotifications" && on && !(await mayNotify())) return;
    setTurned((known) => ({ ...known, [name]: on }));
    const turn = (turns.current[name] ?? 0) + 1;
    turns.current[name] = turn;
    setSaving({ state: "saving" });
    queue.current = queue.current.then(async () => {
      const result = await save({ [name]: on });
      // One that was turned again meanwhile shows that.
      if (turns.current[name] === turn) setTurned(({ [name]: _, ...others }) => others);
      if (result.ok) setSaving({ state: "saved" });
      else
        setSaving({ state: "failed", text: `${words.preferences.failed} ${refusalWords(words, result.refusal, {})}` });
    });
  }

  async function mayNotify(): Promise<boolean> {
    const permission = await system.request();
    system.remember();
    if (permission === "granted") return true;
    const { unsupported, blocked } = words.preferences;
    setSaving({ state: "failed", text: permission === "unsupported" ? unsupported : blocked });
    return false;
  }

  return { values: { ...kept, ...turned }, saving, turn };
}
