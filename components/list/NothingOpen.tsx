"use client";

import { MessagesSquare } from "lucide-react";
import { Notice } from "@/components/ui/Notice";
import { useWords } from "@/components/ui/ViewpointProvider";

/** Beside the list while no consultation is open. */
export function NothingOpen() {
  const { list } = useWords();
  return (
    <div className="grid h-full">
      <Notice icon={MessagesSquare} title={list.choose} text={list.chooseHint} />
    </div>
  );
}
