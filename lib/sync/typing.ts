import { presenceChannel } from "@/lib/protocol/channels";
import { TYPING_START, TYPING_STOP, typingSchema } from "@/lib/protocol/typing";
import { keepSubscribed } from "./channel-keeper";
import type { Cancel, Ports } from "./ports";
import { Store } from "./store";
import { Timer } from "./timer";

/** The protocol's limit, whatever the fingers do. */
const GAP_MS = 1_000;
/** While keys go on: more than twice in the time after which the others give up. */
const REPEAT_MS = 2_500;
const SILENCE_MS = 3_000;
const EXPIRY_MS = 6_000;
/** However often somebody starts and stops, what is shown of it moves no faster. */
const CALM_MS = 250;
const MAX_TYPISTS = 20;

export interface TypingView {
  /** Who types, in the order in which they began. */
  readonly userIds: readonly string[];
}

type TypingPorts = Pick<Ports, "transport" | "clock" | "random" | "signals">;

export interface TypingOptions {
  readonly consultationId: string;
  readonly viewerId: string;
}

/**
 * Who types in one consultation, over client events of its presence channel (C3). Nothing of it is certain: a start may
 * be lost and is repeated, a stop may never come and is not needed, and nobody but the server says who it is from.
 */
export class Typing {
  readonly #ports: TypingPorts;
  readonly #channel: string;
  readonly #viewerId: string;
  readonly #store: Store<TypingView>;
  readonly #typists = new Map<string, Timer>();
  readonly #calm: Timer;
  readonly #gap: Timer;
  readonly #repeat: Timer;
  readonly #silence: Timer;
  #shown: readonly string[] = [];
  #stopListening: Cancel | null = null;
  #subscribed = false;
  /** The others were told that I type. */
  #told = false;

  constructor(ports: TypingPorts, { consultationId, viewerId }: TypingOptions) {
    this.#ports = ports;
    this.#channel = presenceChannel(consultationId);
    this.#viewerId = viewerId;
    this.#store = new Store(() => ({ userIds: this.#shown }));
    this.#calm = new Timer(ports.clock);
    this.#gap = new Timer(ports.clock);
    this.#repeat = new Timer(ports.clock);
    this.#silence = new Timer(ports.clock);
  }

  get getSnapshot(): () => TypingView {
    return this.#store.getSnapshot;
  }

  get subscribe(): (listener: () => void) => Cancel {
    return this.#store.subscribe;
  }

  start(): void {
    this.#stopListening ??= keepSubscribed(this.#ports, this.#channel, {
      onSubscribed: () => this.#onSubscribed(),
      onRefused: () => this.#onUnsubscribed(),
      onLost: () => this.#onUnsubscribed(),
      events: {
        [TYPING_START]: (data, senderId) => this.#onStart(data, senderId),
        [TYPING_STOP]: (data, senderId) => this.#onStop(data, senderId),
        "pusher:member_removed": (member) => this.#onLeft(member),
      },
    });
  }

  stop(): void {
    this.rested();
    this.#onUnsubscribed();
    this.#calm.clear();
    this.#gap.clear();
    this.#stopListening?.();
    this.#stopListening = null;
    this.#store.batch(() => {
      this.#shown = [];
    });
  }

  /** A key changed the text. */
  readonly typed = (): void => {
    if (!this.#stopListening) return;
    this.#silence.arm(SILENCE_MS, () => this.rested());
    if (!this.#told || !this.#repeat.armed) this.#tellStart();
  };

  /** Sent, left or silent. */
  readonly rested = (): void => {
    this.#silence.clear();
    this.#repeat.clear();
    if (!this.#told) return;
    this.#told = false;
    this.#ports.transport.trigger(this.#channel, TYPING_STOP, {});
  };

  /** What falls into the gap is made up for at its end, if it still holds then. */
  #tellStart(): void {
    if (!this.#subscribed || this.#gap.armed) return;
    this.#told = true;
    this.#ports.transport.trigger(this.#channel, TYPING_START, {});
    this.#repeat.arm(REPEAT_MS, () => {});
    this.#gap.arm(GAP_MS, () => {
      if (this.#silence.armed && !this.#told) this.#tellStart();
    });
  }

  #onSubscribed(): void {
    this.#subscribed = true;
    this.#told = false;
    if (this.#silence.armed) this.#tellStart();
  }

  /** Nobody can say any more who types, and nobody heard of me. */
  #onUnsubscribed(): void {
    this.#subscribed = false;
    this.#told = false;
    for (const timer of this.#typists.values()) timer.clear();
    this.#typists.clear();
    this.#changed();
  }

  #onStart(data: unknown, senderId: string | null): void {
    // My own other tab is not told from others by the server.
    if (senderId === null || senderId === this.#viewerId || !typingSchema.safeParse(data).success) return;
    const known = this.#typists.get(senderId);
    if (!known && this.#typists.size >= MAX_TYPISTS) return;
    const timer = known ?? new Timer(this.#ports.clock);
    timer.arm(EXPIRY_MS, () => this.#forget(senderId));
    if (known) return;
    this.#typists.set(senderId, timer);
    this.#changed();
  }

  #onStop(data: unknown, senderId: string | null): void {
    if (senderId !== null && typingSchema.safeParse(data).success) this.#forget(senderId);
  }

  /** Their last tab went away; it cannot have said that it stopped. */
  #onLeft(member: unknown): void {
    if (typeof member === "object" && member !== null && "id" in member) this.#forget(String(member.id));
  }

  #forget(userId: string): void {
    const timer = this.#typists.get(userId);
    if (!timer) return;
    timer.clear();
    this.#typists.delete(userId);
    this.#changed();
  }

  /** A flood of starts and stops moves the screen four times a second at most (ATK14). */
  #changed(): void {
    if (this.#calm.armed) return;
    const userIds = [...this.#typists.keys()];
    if (userIds.length === this.#shown.length && userIds.every((id, index) => id === this.#shown[index])) return;
    this.#calm.arm(CALM_MS, () => this.#changed());
    this.#store.batch(() => {
      this.#shown = userIds;
    });
  }
}
