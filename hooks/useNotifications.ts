"use client";

import { useEffect, useSyncExternalStore } from "react";
import type { NoticeFace } from "@/lib/browser/notifications";
import type { NoticePermission } from "@/lib/sync/notice-ports";
import { useChatClient } from "./useChatClient";

/**
 * Calls this person while they do not look at a conversation that somebody writes in, in this tab or by the browser.
 * Mounted once, on every page of somebody who is signed in.
 */
export function useNotifications({ title, newMessage, open }: NoticeFace) {
  const { live, list } = useChatClient();
  const { notices, system, preferences } = live;
  const { toasts, mayAsk, unread } = useSyncExternalStore(
    notices.subscribe,
    notices.getSnapshot,
    notices.getServerSnapshot,
  );
  useEffect(() => system.wear({ title, newMessage, open }), [system, title, newMessage, open]);
  useEffect(() => {
    void preferences.current();
    return list().keep();
  }, [preferences, list]);

  /** Only ever from a click. Once it was answered nobody is asked again by itself; the settings remain. */
  async function allow(): Promise<NoticePermission> {
    const permission = await system.request();
    system.remember();
    notices.target.asked();
    if (permission === "granted") await preferences.save({ browserNotifications: true });
    return permission;
  }
  function decline(): void {
    system.remember();
    notices.target.asked();
  }
  return { toasts, mayAsk, unread, dismiss: notices.target.dismiss, allow, decline };
}
