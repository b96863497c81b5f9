import { BellRing } from "lucide-react";
import { Toast } from "radix-ui";
import { buttonClass } from "@/components/ui/Button";
import { useWords } from "@/components/ui/ViewpointProvider";
import { ToastCard } from "./ToastCard";

interface AskToastProps {
  onAllow(): void;
  onDecline(): void;
}

/** Asked when it has just shown what it is good for, and once: whatever closes it is an answer. */
export function AskToast({ onAllow, onDecline }: AskToastProps) {
  const { notices } = useWords();
  return (
    <ToastCard lasting onDismiss={onDecline}>
      <Toast.Title className="flex items-start gap-2 font-semibold text-[0.9375rem] leading-snug">
        <BellRing aria-hidden="true" className="mt-0.5 size-4 shrink-0 text-accent" />
        <span>{notices.askTitle}</span>
      </Toast.Title>
      <Toast.Description asChild>
        <p className="mt-1 text-pretty text-ink-soft text-sm">{notices.askText}</p>
      </Toast.Description>
      <div className="mt-2.5 flex flex-wrap gap-2">
        <Toast.Action altText={notices.allow} onClick={onAllow} className={buttonClass({ size: "small" })}>
          <span>{notices.allow}</span>
        </Toast.Action>
        <Toast.Close className={buttonClass({ look: "quiet", size: "small" })}>
          <span>{notices.notNow}</span>
        </Toast.Close>
      </div>
    </ToastCard>
  );
}
