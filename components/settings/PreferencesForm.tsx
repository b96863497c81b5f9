"use client";

import { useActionState } from "react";
import { type FormAction, IDLE } from "@/components/chat/form-action";
import { Button } from "@/components/ui/Button";
import { useWords } from "@/components/ui/ViewpointProvider";
import type { MailMode } from "@/lib/protocol/mail-mode";
import type { Preferences } from "@/lib/protocol/preferences";
import { VIEWER_FIELD } from "@/lib/protocol/viewer-header";
import { PreferenceSwitch } from "./PreferenceSwitch";
import { SavedWords } from "./SavedWords";
import { type SwitchName, useSwitches } from "./useSwitches";

interface PreferencesFormProps {
  viewerId: string;
  initial: Preferences;
  mail: MailMode;
  /** Saves all switches at once, for browsers without scripts: those that are on stand in the form. */
  action: FormAction;
}

export function PreferencesForm({ viewerId, initial, mail, action }: PreferencesFormProps) {
  const { preferences: own } = useWords();
  const { values, saving, turn } = useSwitches(initial);
  const [state, submit] = useActionState(action, IDLE);
  const control = (name: SwitchName) => ({
    name,
    label: own[name],
    hint: name === "mail" ? own.mailHint[mail] : own[`${name}Hint`],
    on: values[name],
    onChange: (on: boolean) => void turn(name, on),
  });

  return (
    <form action={submit}>
      <input type="hidden" name={VIEWER_FIELD} value={viewerId} />
      <PreferenceSwitch {...control("toasts")} />
      <PreferenceSwitch {...control("browserNotifications")} />
      <div className="ms-5 border-line border-s ps-4">
        <PreferenceSwitch {...control("previewInNotifications")} />
      </div>
      <PreferenceSwitch {...control("sound")} />
      <PreferenceSwitch {...control("mail")} />
      <SavedWords saving={saving} posted={state} />
      <Button type="submit" className="mt-4 hidden no-script:inline-flex">
        {own.submit}
      </Button>
    </form>
  );
}
