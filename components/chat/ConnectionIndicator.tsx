"use client";

import { CloudOff, type LucideIcon, Wifi, WifiHigh, WifiOff } from "lucide-react";
import { cn } from "@/components/ui/cn";
import { useWords } from "@/components/ui/ViewpointProvider";
import type { ConnectionStatus } from "@/lib/sync/connection";

const looks: Record<ConnectionStatus, { icon: LucideIcon; tone: string }> = {
  connecting: { icon: WifiHigh, tone: "text-ink-soft" },
  live: { icon: Wifi, tone: "text-success" },
  polling: { icon: CloudOff, tone: "text-warning" },
  offline: { icon: WifiOff, tone: "text-danger" },
};

export function ConnectionIndicator({ status, compact = false }: { status: ConnectionStatus; compact?: boolean }) {
  const { connection } = useWords();
  const { icon: Icon, tone } = looks[status];
  return (
    <span
      translate="no"
      data-connection={status}
      className={cn("inline-flex min-h-6 shrink-0 items-center gap-1.5 text-xs font-medium", tone)}
      title={connection.label(connection[status])}
    >
      <Icon aria-hidden="true" className="size-4" />
      <span className="sr-only">{connection.label(connection[status])}</span>
      <span aria-hidden="true" className={compact ? "@max-lg:hidden" : "@max-2xs:hidden"}>
        {connection[status]}
      </span>
    </span>
  );
}
