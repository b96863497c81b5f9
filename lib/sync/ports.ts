import type { ParkReason } from "@/lib/core/timeline";
import type { CommandAnswer, Receipt, SendMessage } from "@/lib/protocol/commands";
import type { ErrorCode } from "@/lib/protocol/errors";
import type { Position } from "@/lib/protocol/position";
import type { ConsultationListAnswer, EventsPage, MessagesPage, Snapshot } from "@/lib/protocol/snapshot";

/**
 * Everything the engine knows of the world. Behind these ports it is deterministic: the same calls, answers, timers
 * and random numbers in the same order give the same history, which is what the simulation replays by seed.
 */
export interface Ports {
  readonly api: Api;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly signals: Signals;
  readonly ids: Ids;
  readonly queue: QueueStorage;
  readonly serverTime: ServerTime;
}

export type Cancel = () => void;

/** Timers only: order and time on screen come from the server, so the engine never asks what time it is here. */
export interface Clock {
  after(ms: number, run: () => void): Cancel;
}

export interface Random {
  /** In [0, 1). */
  next(): number;
}

export interface Ids {
  /** A new UUIDv7. */
  messageId(): string;
}

export interface Signals {
  online(): boolean;
  visible(): boolean;
  /** Called after `online()` or `visible()` changed. */
  onChange(listener: (signal: Signal) => void): Cancel;
}
export type Signal = "online" | "offline" | "visible" | "hidden";

/**
 * Why a call brought nothing. "unknown": no answer in time or none at all, so a command may or may not have happened.
 * "foreign": an answer, but not our server's (a gateway's page, a captive portal), which says as little. "unreadable":
 * it succeeded, but the answer is in a version that this client does not know. "refused": the server's word.
 */
export type ApiFailure =
  | { readonly kind: "unknown" }
  | { readonly kind: "foreign"; readonly retryAfterMs: number | null }
  | { readonly kind: "unreadable" }
  | {
      readonly kind: "refused";
      readonly status: number;
      readonly code: ErrorCode;
      readonly retryAfterMs: number | null;
    };

export type ApiResult<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly failure: ApiFailure };

/** Each call settles within a time limit of the adapter and never rejects. */
export interface Api {
  readSnapshot(consultationId: string): Promise<ApiResult<Snapshot>>;
  readEvents(consultationId: string, query: EventsRequest): Promise<ApiResult<EventsPage>>;
  readMessages(consultationId: string, query: { before: number; limit: number }): Promise<ApiResult<MessagesPage>>;
  sendMessage(command: SendMessage): Promise<ApiResult<CommandAnswer>>;
  editMessage(messageId: string, content: string): Promise<ApiResult<CommandAnswer>>;
  deleteMessage(messageId: string): Promise<ApiResult<CommandAnswer>>;
  setReaction(messageId: string, emoji: string, on: boolean): Promise<ApiResult<CommandAnswer>>;
  recordReceipt(consultationId: string, receipt: Receipt): Promise<ApiResult<{ position: Position }>>;
  listConsultations(): Promise<ApiResult<ConsultationListAnswer>>;
}

export interface EventsRequest {
  readonly after: number;
  readonly afterAt: string | null;
  readonly epoch: string;
  readonly limit: number;
}

/**
 * "lost": the connection broke or could not be made. "overloaded": the server has too many at the moment (4100-4199).
 * "refused": it does not want this client (4000-4099).
 * In all of them the transport rests until `connect()` is called, so that the spreading of reconnects is decided in one place.
 */
export type SocketState = "idle" | "connecting" | "connected" | "lost" | "overloaded" | "refused";

export interface Transport {
  state(): SocketState;
  onState(listener: (state: SocketState) => void): Cancel;
  connect(): void;
  /** Subscribes whenever there is a connection, until closed. Several subscriptions of one channel share it. */
  subscribe(channel: string, handlers: ChannelHandlers): ChannelSubscription;
  /** A client event to the others on a channel; nobody hears it while that is not subscribed. */
  trigger(channel: string, event: string, data: unknown): void;
}

export interface ChannelHandlers {
  /** On every success, also the ones after a reconnect; `members` of a presence channel. */
  onSubscribed(members: readonly string[] | null): void;
  /** The authorisation failed; the status is our server's word, null that of nobody. The transport does not try again by itself. */
  onRefused(status: number | null): void;
  /** The subscription ended with its connection. */
  onLost(): void;
  /** By event name. `senderId` is the server's word on who sent a client event. */
  readonly events: Readonly<Record<string, (data: unknown, senderId: string | null) => void>>;
}

interface ChannelSubscription {
  /** Asks for authorisation again unless subscribed. */
  retry(): void;
  close(): void;
}

export interface ServerTime {
  /** Milliseconds since 1970 by the server's clock as last heard; null before its first word and while in doubt. */
  now(): number | null;
}

interface KeptCommand {
  /** Given by the storage: its place among all commands of this user, whichever tab wrote them. */
  readonly serial: number;
  readonly id: string;
  readonly consultationId: string;
  /** By the server's clock (ISO); null where it was not known, and once the person released it: its age counts no more. */
  readonly queuedAt: string | null;
  /** What it waits for the person to decide about. */
  readonly parked: ParkReason | null;
}

/** Its id is the message's. */
export interface SendCommand extends KeptCommand {
  readonly kind: "send";
  readonly content: string;
  readonly replyToId: string | null;
}

/** Changes of a message have an id of their own. */
export interface EditCommand extends KeptCommand {
  readonly kind: "edit";
  readonly messageId: string;
  readonly content: string;
}

export interface DeleteCommand extends KeptCommand {
  readonly kind: "delete";
  readonly messageId: string;
}

export interface ReactCommand extends KeptCommand {
  readonly kind: "react";
  readonly messageId: string;
  readonly emoji: string;
  readonly on: boolean;
}

/** A command as it is kept. Kinds are only ever added: an older bundle leaves those that it does not know alone. */
export type StoredCommand = SendCommand | EditCommand | DeleteCommand | ReactCommand;

/** A command before it has its place. */
export type NewCommand = {
  [Kind in StoredCommand["kind"]]: Omit<Extract<StoredCommand, { kind: Kind }>, "serial">;
}[StoredCommand["kind"]];

/**
 * Keeps commands of one user, for all tabs of this browser. It is the truth about what is still to be sent. Nothing
 * here rejects: what the browser refuses to keep is kept in memory, and `durable()` says so.
 */
export interface QueueStorage {
  /** Whether what it keeps survives a reload and a crash; may turn false when the browser refuses (quota, private mode): the screen then says "do not close this page". */
  durable(): boolean;
  list(consultationId: string): Promise<readonly StoredCommand[]>;
  /** Consultations of which something is kept: flushed although nobody has them open. */
  consultationIds(): Promise<readonly string[]>;
  /** Resolves once it is kept (strict durability). Calls take effect in the order in which they were made. */
  add(command: NewCommand): Promise<StoredCommand>;
  /** null: the person released it; `queuedAt` is forgotten with it. A command that is not there (any more) is none's loss. */
  park(id: string, reason: ParkReason | null): Promise<void>;
  remove(id: string): Promise<void>;
  /** Another tab changed what is kept of a consultation; null: everything was wiped (sign-out), forget it at once and send nothing more. Also called in this tab when `durable()` changes. */
  onChange(listener: (consultationId: string | null) => void): Cancel;
  /** Runs while no other tab of this user flushes this consultation (at once where there are no locks). Released when `run` settles or the tab dies. */
  exclusively(consultationId: string, run: () => Promise<void>): Promise<void>;
}
