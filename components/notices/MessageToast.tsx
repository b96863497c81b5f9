import { MessageSquareText } from "lucide-react";
import { Toast } from "radix-ui";
import { useWords } from "@/components/ui/ViewpointProvider";
import type { MessageNotice } from "@/lib/sync/notifier";
import { ToastCard } from "./ToastCard";

interface MessageToastProps {
  toast: MessageNotice;
  onOpen(): void;
  onDismiss(): void;
}

/** Who wrote and how it begins, as it is now; the whole of it leads to the conversation. */
export function MessageToast({ toast, onOpen, onDismiss }: MessageToastProps) {
  const { notices } = useWords();
  const { senderName, preview } = toast;
  const name = senderName ?? notices.newMessage;
  const text = preview ?? (senderName === null ? null : notices.newMessage);
  return (
    <ToastCard onDismiss={onDismiss}>
      <Toast.Action
        altText={text === null ? name : notices.spoken(name, text)}
        onClick={onOpen}
        className="-m-1.5 flex min-h-11 w-[calc(100%+0.75rem)] items-start gap-3 rounded-xl p-1.5 text-start hover:bg-hover"
      >
        <span className="grid size-9 shrink-0 place-items-center rounded-full bg-accent-soft text-accent-strong">
          <MessageSquareText aria-hidden="true" className="size-4.5" />
        </span>
        <span className="min-w-0">
          <span translate="no" className="block truncate font-semibold text-[0.9375rem] leading-snug" dir="auto">
            {name}
          </span>
          {text ? (
            <span className="line-clamp-2 break-words text-ink-soft text-sm" dir="auto">
              {text}
            </span>
          ) : null}
          <span className="sr-only">{notices.open}</span>
        </span>
      </Toast.Action>
    </ToastCard>
  );
}
