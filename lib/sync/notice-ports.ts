import type { Preferences } from "@/lib/protocol/preferences";
import type { Cancel, Clock } from "./ports";

/** What the notifier knows of the world, besides the list. Nothing in here rejects. */
export interface NoticePorts {
  readonly clock: Clock;
  readonly attention: Attention;
  readonly tabs: NoticeTabs;
  readonly system: SystemNotices;
  readonly sound: Sound;
  /** Once they are known, or cannot be. */
  readonly preferences: () => Promise<Preferences>;
}

export interface Attention {
  /** Somebody can see this page. */
  visible(): boolean;
  /** They can, and it is where their keys go. */
  focused(): boolean;
  onChange(listener: () => void): Cancel;
}

/** What the tabs of one person in one browser know of each other. */
export interface NoticeTabs {
  /** Some tab is visible and focused, whatever it shows. */
  isAttended(): Promise<boolean>;
  /** Some tab, visible and focused, shows this consultation. */
  isLooking(consultationId: string): Promise<boolean>;
  /** True for one of the tabs that ask within some seconds: that one decides for all. */
  claim(messageId: string): Promise<boolean>;
  tell(word: TabWord): void;
  onWord(listener: (word: TabWord) => void): Cancel;
}

/**
 * "decided": a message is dealt with, in whatever way, and so is what came before it. "seen": somebody looks at the
 * consultation, so nothing of it is news any more.
 */
export type TabWord =
  | { readonly kind: "decided"; readonly consultationId: string; readonly messageId: string; readonly seq: number }
  | { readonly kind: "seen"; readonly consultationId: string };

export type NoticePermission = "granted" | "denied" | "default" | "unsupported";

/** Notices of the browser, which lie outside of the page. */
export interface SystemNotices {
  permission(): NoticePermission;
  /** False where the browser refuses. `words` null: it says that there is a message, not of whom or what. */
  show(notice: SystemNotice): boolean;
  close(messageId: string): void;
  /** The person was asked before and did not want to be. */
  asked(): boolean;
}

export interface SystemNotice {
  readonly messageId: string;
  readonly consultationId: string;
  readonly words: { readonly senderName: string | null; readonly preview: string | null } | null;
  readonly silent: boolean;
}

export interface Sound {
  /** Whether the browser lets this page be heard. */
  allowed(): boolean;
  play(): void;
}
