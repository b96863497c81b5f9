import { X } from "lucide-react";
import { Toast } from "radix-ui";
import { useWords } from "@/components/ui/ViewpointProvider";
import type { Parts } from "@/lib/jsx/content";

interface ToastCardProps {
  /** Stays until it is answered. */
  lasting?: boolean;
  onDismiss(): void;
  children: Parts;
}

/** Spoken once, politely, when it comes; F8 leads to it. */
export function ToastCard({ lasting = false, onDismiss, children }: ToastCardProps) {
  const { notices } = useWords();
  return (
    <Toast.Root
      type="background"
      duration={lasting ? Number.POSITIVE_INFINITY : undefined}
      onOpenChange={(open) => {
        if (!open) onDismiss();
      }}
      className="flex animate-[appear_150ms_ease-out] items-start gap-1 rounded-2xl border border-line bg-surface p-1.5 text-ink shadow-float data-[swipe=move]:translate-x-(--radix-toast-swipe-move-x)"
    >
      <div className="min-w-0 grow p-1.5">{children}</div>
      <Toast.Close aria-label={notices.dismiss} className="icon-button text-ink-soft hover:bg-hover">
        <X aria-hidden="true" className="size-4" />
      </Toast.Close>
    </Toast.Root>
  );
}
