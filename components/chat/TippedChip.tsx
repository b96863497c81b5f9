"use client";

import { Tooltip } from "radix-ui";
import { ReactionChip, type ReactionChipProps } from "./ReactionChip";
import { overlayRoot } from "./timeline-navigation";

/** A chip that shows who holds it to whoever points at it. */
export function TippedChip(props: ReactionChipProps) {
  return (
    <Tooltip.Provider delayDuration={300}>
      <Tooltip.Root>
        <Tooltip.Trigger asChild>
          <ReactionChip {...props} />
        </Tooltip.Trigger>
        <Tooltip.Portal container={overlayRoot()}>
          <Tooltip.Content
            sideOffset={6}
            collisionPadding={8}
            className="z-40 max-w-64 rounded-lg border border-transparent bg-ink px-2.5 py-1.5 text-canvas text-sm shadow-float"
          >
            <span translate="no">{props.names}</span>
          </Tooltip.Content>
        </Tooltip.Portal>
      </Tooltip.Root>
    </Tooltip.Provider>
  );
}
