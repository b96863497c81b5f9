"use client";

import { useWords } from "@/components/ui/ViewpointProvider";

const places = ["first", "second", "third", "fourth", "fifth"];

/** Rows at their final size. */
export function ListSkeleton() {
  const { list } = useWords();
  return (
    <div aria-busy="true" className="space-y-0.5 px-2">
      <p role="status" className="sr-only">
        {list.loading}
      </p>
      {places.map((place) => (
        <div key={place} className="flex h-26 gap-3 p-2.5">
          <div className="skeleton size-11 shrink-0 rounded-full" />
          <div className="grow space-y-2.5 pt-1">
            <div className="skeleton h-3.5 w-2/3" />
            <div className="skeleton h-3 w-1/2" />
            <div className="skeleton h-3 w-4/5" />
            <div className="skeleton h-3 w-1/3" />
          </div>
        </div>
      ))}
    </div>
  );
}
