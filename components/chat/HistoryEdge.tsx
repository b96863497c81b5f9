"use client";

import { Fragment } from "react";
import { Button } from "@/components/ui/Button";
import { useWords } from "@/components/ui/ViewpointProvider";

/** In pixels. The edge has one height in all its states, so that nothing below it moves. */
export const HISTORY_EDGE_HEIGHT = 56;

interface HistoryEdgeProps {
  hasMore: boolean;
  loading: boolean;
  onLoad(byKey: boolean): void;
}

/** Not a stop for Tab: it is at the very top, and whoever came by would lose their place. Arrows load what they need. */
export function HistoryEdge({ hasMore, loading, onLoad }: HistoryEdgeProps) {
  const { chat } = useWords();
  return (
    <div className="flex h-14 shrink-0 items-center justify-center px-4 text-ink-soft text-sm">
      <p role="status" className="sr-only">
        {loading ? `${chat.loadingOlder} …` : null}
      </p>
      {hasMore ? (
        <Fragment>
          <Button
            look="quiet"
            size="small"
            tabIndex={-1}
            className="no-script:hidden"
            onClick={({ detail }) => onLoad(detail === 0)}
          >
            {loading ? `${chat.loadingOlder} …` : chat.loadOlder}
          </Button>
          <p className="no-script:block hidden">{chat.olderUnavailable}</p>
        </Fragment>
      ) : (
        <p>{chat.beginning}</p>
      )}
    </div>
  );
}
