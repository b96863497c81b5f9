"use client";

import { Plus } from "lucide-react";
import { Button } from "@/components/ui/Button";
import { useWords } from "@/components/ui/ViewpointProvider";

interface NewConsultationButtonProps {
  look?: "primary" | "secondary";
  onClick(): void;
}

export function NewConsultationButton({ look = "secondary", onClick }: NewConsultationButtonProps) {
  const { newConsultation } = useWords();
  return (
    <Button
      look={look}
      size={look === "primary" ? "regular" : "small"}
      aria-label={newConsultation.open}
      className="no-script:hidden"
      onClick={onClick}
    >
      <Plus aria-hidden="true" className="size-4" />
      <span>{look === "primary" ? newConsultation.open : newConsultation.short}</span>
    </Button>
  );
}
