"use client";

import { CloudOff, WifiOff } from "lucide-react";
import { Unfolding } from "@/components/ui/Motion";
import { useWords } from "@/components/ui/ViewpointProvider";
import type { PushState } from "@/lib/protocol/snapshot";
import type { ConnectionStatus } from "@/lib/sync/connection";
import { useLasting } from "./useLasting";

const PATIENCE_MS = 2_000;

interface ConnectionBannerProps {
  status: ConnectionStatus;
  push: PushState;
  reachable: boolean;
}

/** CON1: only what lasts is worth a banner, and it says what still works. */
export function ConnectionBanner({ status, push, reachable }: ConnectionBannerProps) {
  const { banner } = useWords().connection;
  const trouble = status !== "live" || push === "delayed" || !reachable;
  const shown = useLasting(trouble, PATIENCE_MS);
  const delayed = status === "live" || push === "delayed";
  const words =
    status === "offline" ? banner.offline : !reachable ? banner.unreachable : delayed ? banner.delayed : banner[status];
  const Icon = status === "offline" ? WifiOff : CloudOff;

  return (
    <div role="status" className="shrink-0">
      <Unfolding shown={shown} className="overflow-hidden bg-warning-soft text-warning">
        <p className="mx-auto flex max-w-3xl gap-2.5 px-4 py-2.5 text-sm sm:px-5">
          <Icon aria-hidden="true" className="mt-0.5 size-4 shrink-0" />
          <span>{words}</span>
        </p>
      </Unfolding>
    </div>
  );
}
