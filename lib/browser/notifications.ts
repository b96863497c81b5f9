import type { NoticePermission, SystemNotices } from "@/lib/sync/notice-ports";
import { deviceStorage, notificationPermission, requestNotificationPermission, showNotification } from "./facilities";

const ASKED = "murph-notices-asked";

/** What the browser's notices say, and where a click on one leads. */
export interface NoticeFace {
  readonly title: string;
  readonly newMessage: string;
  readonly open: (consultationId: string) => void;
}

export interface BrowserNotices extends SystemNotices {
  /** The words are the viewer's language, which is known where things are drawn. */
  wear(face: NoticeFace): void;
  /** Only ever from a click. */
  request(): Promise<NoticePermission>;
  /** The person answered: they are not asked again by themselves. */
  remember(): void;
}

/** Notices that the browser shows outside of the page. Their words may lie on a locked screen (ATK86). */
export function createBrowserNotices(): BrowserNotices {
  const shown = new Map<string, Notification>();
  let face: NoticeFace | null = null;

  function closeAll(): void {
    for (const notification of [...shown.values()]) notification.close();
    shown.clear();
  }

  return {
    permission: notificationPermission,
    show({ messageId, consultationId, words, silent }) {
      if (!face) return false;
      const { title, newMessage, open } = face;
      const notification = showNotification(words?.senderName ?? title, {
        body: words?.preview ?? newMessage,
        tag: messageId,
        icon: "/icon.svg",
        silent,
      });
      if (!notification) return false;
      notification.onclick = () => {
        window.focus();
        notification.close();
        open(consultationId);
      };
      notification.onclose = () => shown.delete(messageId);
      shown.set(messageId, notification);
      // What outlives its page can neither be withdrawn nor lead anywhere. Added again it is still one listener.
      window.addEventListener("pagehide", closeAll);
      return true;
    },
    close(messageId) {
      shown.get(messageId)?.close();
      shown.delete(messageId);
    },
    // A browser that keeps nothing asks again after the next reload.
    asked: () => deviceStorage.getItem(ASKED) !== null,
    remember: () => deviceStorage.setItem(ASKED, "yes"),
    wear(next) {
      face = next;
    },
    async request() {
      const known = notificationPermission();
      return known === "default" ? requestNotificationPermission() : known;
    },
  };
}
