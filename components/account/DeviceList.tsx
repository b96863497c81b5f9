"use client";

import { MonitorSmartphone } from "lucide-react";
import { Button } from "@/components/ui/Button";
import { Time } from "@/components/ui/Time";
import { useWords } from "@/components/ui/ViewpointProvider";
import type { Catalogue } from "@/lib/i18n/en";
import { VIEWER_FIELD } from "@/lib/protocol/viewer-header";
import type { AccountFormAction } from "./account-form";
import type { DeviceParts } from "./device-name";
import { FormOutcome } from "./FormOutcome";
import { useAccountForm } from "./useAccountForm";

export interface Device {
  id: string;
  here: boolean;
  name: DeviceParts;
  createdAt: string;
  lastSeenAt: string;
}

interface DeviceListProps {
  viewerId: string;
  devices: readonly Device[];
  action: AccountFormAction;
}

/** Where somebody is signed in; each button of the one form ends one of them, or all others. */
export function DeviceList({ viewerId, devices, action }: DeviceListProps) {
  const { words, state, problem, busy, bind } = useAccountForm(action);
  const { account } = words;
  return (
    <form {...bind} className="mt-3">
      <input type="hidden" name={VIEWER_FIELD} value={viewerId} />
      <FormOutcome problem={problem()} done={state.status === "done" ? account.ended : null} />
      <ul className="divide-y divide-line">
        {devices.map((device) => (
          <DeviceEntry key={device.id} device={device} busy={busy} />
        ))}
      </ul>
      {devices.length > 1 ? (
        <Button type="submit" name="ended" value="others" look="secondary" className="mt-4" busy={busy}>
          {account.endOthers}
        </Button>
      ) : null}
    </form>
  );
}

function DeviceEntry({
  device: { id, here, name: parts, createdAt, lastSeenAt },
  busy,
}: {
  device: Device;
  busy: boolean;
}) {
  const { account } = useWords();
  const name = deviceName(parts, account);
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-1 py-3">
      <MonitorSmartphone aria-hidden="true" className="size-5 shrink-0 text-ink-soft" />
      <div className="min-w-0 grow basis-40">
        <p className="wrap-anywhere font-medium text-[0.9375rem]">{name}</p>
        {here ? <p className="text-success text-sm">{account.here}</p> : null}
        <p className="text-ink-soft text-sm">
          <span>{`${account.signedIn} `}</span>
          <Time at={createdAt} as="full" />
        </p>
        {here ? null : (
          <p className="text-ink-soft text-sm">
            <span>{`${account.lastUsed} `}</span>
            <Time at={lastSeenAt} as="full" />
          </p>
        )}
      </div>
      {here ? null : (
        <Button
          type="submit"
          name="ended"
          value={id}
          look="danger"
          size="small"
          busy={busy}
          aria-label={account.end(name)}
        >
          {account.endShort}
        </Button>
      )}
    </li>
  );
}

function deviceName({ browser, system }: DeviceParts, { device, unknownDevice }: Catalogue["account"]): string {
  return browser && system ? device(browser, system) : (browser ?? system ?? unknownDevice);
}
