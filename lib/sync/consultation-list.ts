import type * as z from "zod";
import { inListOrder, mergeRow, type Rows, replaceRows } from "@/lib/core/list";
import { userChannel } from "@/lib/protocol/channels";
import type { ErrorCode } from "@/lib/protocol/errors";
import {
  consultationUpdatedSchema,
  type MessageNotification,
  messageNotificationChangedSchema,
  messageNotificationSchema,
  userStatusChangeSchema,
} from "@/lib/protocol/notices";
import type { ConsultationListAnswer, ConsultationRow } from "@/lib/protocol/snapshot";
import { Connection, type ConnectionStatus } from "./connection";
import { classify, codeOf } from "./failure";
import { type Answer, Inquiry } from "./inquiry";
import { People } from "./people";
import type { ApiResult, Cancel, Ports } from "./ports";
import { Store } from "./store";

export interface ConsultationListView {
  readonly rows: Rows | null;
  readonly status: ConnectionStatus;
  readonly failure: ErrorCode | null;
  /** The last question was answered: without that polling brings nothing either. */
  readonly reachable: boolean;
}

/** What my own channel tells beside the rows. */
export type ListNews =
  | { readonly kind: "message"; readonly notification: MessageNotification }
  | { readonly kind: "change"; readonly change: z.infer<typeof messageNotificationChangedSchema> };

/** One may be late: what it tells of was in the reading before. */
const MAX_IN_VAIN = 2;

type Reading = ApiResult<ConsultationListAnswer>;

/**
 * My list of consultations: read again on every success of my own channel, rows merged between (RCV7). Nothing ever
 * shows that the last push was lost, so it is read now and then while live too; a client that hears no pushes learns
 * from the same readings who is online.
 */
export class ConsultationList {
  readonly #ports: Ports;
  readonly #connection: Connection;
  readonly #store: Store<ConsultationListView>;
  readonly #inquiry: Inquiry;
  readonly #people: People;
  readonly #viewerId: string;
  readonly #newsListeners = new Set<(news: ListNews) => void>();
  #rows: Rows | null = null;
  /** While a reading is on its way: rows pushed meanwhile may be newer than what it saw. */
  #pushedMeanwhile: ConsultationRow[] | null = null;
  /** A push since the last reading began said to read again; how many such readings in a row brought nothing new. */
  #told = false;
  #inVain = 0;
  #failure: ErrorCode | null = null;
  #reachable = true;
  #running = false;
  #whenRead: (() => void)[] = [];

  constructor(ports: Ports, viewerId: string, people: People = new People()) {
    this.#ports = ports;
    this.#people = people;
    this.#viewerId = viewerId;
    this.#inquiry = new Inquiry(ports, {
      batch: (run) => this.#store.batch(run),
      question: () => this.#read(),
      onRest: () => this.#tellRead(),
    });
    this.#connection = new Connection(ports, {
      channel: userChannel(viewerId),
      events: {
        "consultation-updated": (data) => this.#store.batch(() => this.#onUpdated(data)),
        "message-notification": (data) => this.#onNotification(data),
        "message-notification-changed": (data) => this.#onNotificationChanged(data),
        "user-status-change": (data) => this.#onStatusChange(data),
      },
      headCheck: true,
      batch: (run) => this.#store.batch(run),
      onCatchUp: () => this.#inquiry.ask(),
      onPoll: () => this.#inquiry.poll(),
    });
    this.#store = new Store(() => ({
      rows: this.#rows,
      status: this.#connection.status,
      failure: this.#failure,
      reachable: this.#reachable,
    }));
  }

  get getSnapshot(): () => ConsultationListView {
    return this.#store.getSnapshot;
  }

  get subscribe(): (listener: () => void) => Cancel {
    return this.#store.subscribe;
  }

  /** Told as they come, in no certain order and perhaps twice. */
  onNews(listener: (news: ListNews) => void): Cancel {
    this.#newsListeners.add(listener);
    return () => this.#newsListeners.delete(listener);
  }

  /** Rows that somebody read for us (the server rendered them). A running list needs none. */
  offer(rows: Rows): void {
    if (this.#running) return;
    this.#store.batch(() => {
      this.#rows = inListOrder(rows, this.#viewerId);
    });
  }

  /** UI4: it was found elsewhere that this one is none of mine any more; reading the list has the last word. */
  readonly forget = (consultationId: string): void => {
    const kept = this.#rows?.filter(({ id }) => id !== consultationId);
    if (!kept || kept.length === this.#rows?.length) return;
    this.#store.batch(() => {
      this.#rows = kept;
      this.#pushedMeanwhile = this.#pushedMeanwhile?.filter(({ id }) => id !== consultationId) ?? null;
      this.#inquiry.ask();
    });
  };

  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#store.batch(() => {
      this.#inquiry.start();
      this.#connection.start();
      if (!this.#rows) this.#inquiry.ask();
    });
  }

  stop(): void {
    if (!this.#running) return;
    this.#running = false;
    this.#inquiry.stop();
    this.#pushedMeanwhile = null;
    this.#tellRead();
    this.#store.batch(() => this.#connection.stop());
  }

  /** Resolves when nothing is left to ask, or asking failed. */
  readonly refresh = (): Promise<void> => {
    if (!this.#running) return Promise.resolve();
    this.#inquiry.ask();
    return new Promise((resolve) => this.#whenRead.push(resolve));
  };

  #tellRead(): void {
    for (const tell of this.#whenRead.splice(0)) tell();
  }

  async #read(): Promise<Answer> {
    const told = this.#told;
    this.#told = false;
    const pushedMeanwhile: ConsultationRow[] = [];
    this.#pushedMeanwhile = pushedMeanwhile;
    const result = await this.#ports.api.listConsultations();
    return {
      take: () => {
        const before = this.#rows;
        this.#take(result, pushedMeanwhile);
        if (result.ok) this.#judge(told, before);
        return false;
      },
      // A later reading is on its way, or will be soon: the older one must not undo it.
      takeLate: () => {
        if (result.ok && !this.#rows) this.#take(result, pushedMeanwhile);
      },
    };
  }

  /** S9: pushes that say no more than "read again", and again for nothing, are not worth a reading each. */
  #judge(told: boolean, before: Rows | null): void {
    if (!told) return;
    this.#inVain = JSON.stringify(before) === JSON.stringify(this.#rows) ? this.#inVain + 1 : 0;
    if (this.#inVain >= MAX_IN_VAIN) this.#inquiry.distrust();
  }

  #askAsTold(): void {
    this.#told = true;
    this.#inquiry.askAsTold();
  }

  #take(result: Reading, pushedMeanwhile: readonly ConsultationRow[]): void {
    if (this.#pushedMeanwhile === pushedMeanwhile) this.#pushedMeanwhile = null;
    if (result.ok) {
      this.#inquiry.answered();
      this.#failure = null;
      this.#reachable = true;
      this.#rows = inListOrder(this.#merged(result.value.consultations, pushedMeanwhile), this.#viewerId);
      this.#connection.setPush(result.value.push ?? "ok");
      this.#connection.answered();
    } else {
      const kind = classify(result.failure);
      this.#reachable = kind !== "transient" || result.failure.kind === "unreadable";
      if (kind !== "transient" || !this.#rows) this.#failure = codeOf(result.failure);
      this.#inquiry.failed(result.failure);
    }
  }

  /**
   * Rows pushed meanwhile may be newer than what was read, but only of consultations that are mine: one that the reading
   * lacks was set up since, or I was removed from it since it was pushed, and another reading tells which.
   */
  #merged(fetched: Rows, pushedMeanwhile: Rows): Rows {
    const ids = new Set(fetched.map(({ id }) => id));
    const mine = pushedMeanwhile.filter(({ id }) => ids.has(id));
    if (mine.length < pushedMeanwhile.length) this.#inquiry.askAsTold();
    return replaceRows(fetched, mine);
  }

  /** A push without the row in it (ids only, no longer mine, or a version we do not know) says as much as: read again. */
  #onUpdated(data: unknown): void {
    const update = consultationUpdatedSchema.safeParse(data);
    if (!update.success) {
      this.#askAsTold();
      return;
    }
    const { consultation } = update.data;
    const { counterpart } = consultation;
    this.#people.see([[counterpart.id, counterpart]]);
    this.#pushedMeanwhile?.push(consultation);
    if (!this.#rows) return;
    if (this.#rows.some(({ id }) => id === consultation.id)) {
      this.#rows = inListOrder(mergeRow(this.#rows, consultation), this.#viewerId);
    } else {
      this.#askAsTold();
    }
  }

  #onNotification(data: unknown): void {
    const notification = messageNotificationSchema.safeParse(data);
    if (notification.success) this.#tellNews({ kind: "message", notification: notification.data });
  }

  #onNotificationChanged(data: unknown): void {
    const change = messageNotificationChangedSchema.safeParse(data);
    if (change.success) this.#tellNews({ kind: "change", change: change.data });
  }

  #onStatusChange(data: unknown): void {
    const change = userStatusChangeSchema.safeParse(data);
    if (!change.success) return;
    const { userId, status, lastActiveAt } = change.data;
    this.#people.see([[userId, { online: status === "online", lastActiveAt }]]);
  }

  #tellNews(news: ListNews): void {
    for (const listener of [...this.#newsListeners]) listener(news);
  }
}
