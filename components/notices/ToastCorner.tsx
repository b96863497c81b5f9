import { Toast } from "radix-ui";
import { useWords } from "@/components/ui/ViewpointProvider";
import type { MessageNotice } from "@/lib/sync/notifier";
import { AskToast } from "./AskToast";
import { MessageToast } from "./MessageToast";
import { ToastCard } from "./ToastCard";

/** Rests while a pointer or the focus is on it. */
const SHOWN_MS = 8_000;

interface ToastCornerProps {
  toasts: readonly MessageNotice[];
  onOpen(consultationId: string): void;
  onDismiss(messageId: string): void;
  mayAsk: boolean;
  onAllow(): void;
  onDecline(): void;
  problem: string | null;
  onProblemRead(): void;
}

export function ToastCorner(props: ToastCornerProps) {
  const { toasts, onOpen, onDismiss, mayAsk, onAllow, onDecline, problem, onProblemRead } = props;
  const { notices } = useWords();
  return (
    <Toast.Provider label={notices.label} duration={SHOWN_MS} swipeDirection="right">
      {toasts.map((toast) => (
        <MessageToast
          key={toast.messageId}
          toast={toast}
          onOpen={() => onOpen(toast.consultationId)}
          onDismiss={() => onDismiss(toast.messageId)}
        />
      ))}
      {mayAsk ? <AskToast onAllow={onAllow} onDecline={onDecline} /> : null}
      {problem ? (
        <ToastCard lasting onDismiss={onProblemRead}>
          <Toast.Description className="text-sm">
            <span>{problem}</span>
          </Toast.Description>
        </ToastCard>
      ) : null}
      <Toast.Viewport
        label={notices.region("{hotkey}")}
        data-notices=""
        className="fixed inset-x-3 top-18 z-40 flex flex-col gap-2 outline-none sm:start-auto sm:w-96"
      />
    </Toast.Provider>
  );
}
