import "server-only";
import type { Event, Hint } from "@/lib/protocol/event";

/** What is pushed of an event: itself, or only that it exists. */
export type Publishable = Event | Hint;

/** A lease on the publication of one consultation, and what to publish first. */
export interface Publication {
  readonly consultationId: string;
  /** Number of this claim. A holder whose number is no longer the newest cannot move the cursor. */
  readonly fence: number;
  readonly events: readonly Publishable[];
}

/** The cursors, as the database keeps them. */
export interface PublicationLease {
  /**
   * Takes the lease of up to `most` consultations that are behind and that nobody holds. `held` are those whose lease
   * the caller knows to be its own; another one in its name was granted by an answer that got lost.
   */
  claim(owner: string, most: number, held?: readonly string[]): Promise<readonly Publication[]>;
  /**
   * Records that everything up to `seq` is published (0: nothing yet); answers what comes next, or nothing, and then
   * the lease is given back. "lost": somebody else holds it by now and goes on from the recorded place.
   */
  advance(publication: Publication, seq: number): Promise<{ outcome: "ok" | "lost"; events: readonly Publishable[] }>;
  /** Gives the lease back after a failure; nobody tries this consultation again for a while. */
  postpone(publication: Publication): Promise<void>;
  /** The provider is back: what was postponed may be claimed at once. */
  revive(): Promise<void>;
}

/**
 * Why nothing could be published. "away": the provider was not reached, is broken or overloaded. "refused": it does
 * not accept us (secret, clock, account), which only a person can repair. "events": it works, but not for these.
 */
export class PublishError extends Error {
  override name = "PublishError";
  constructor(
    readonly reason: "away" | "refused" | "events",
    options?: ErrorOptions,
  ) {
    super(`Not published: ${reason}`, options);
  }
}

export type RelayReport =
  | { kind: "sweep-failed"; error: unknown }
  | { kind: "provider-away" | "provider-refuses-us"; error: unknown }
  | { kind: "provider-back"; afterMs: number }
  | { kind: "publish-failed"; consultationId: string; seq: number; error: unknown }
  | { kind: "cursor-not-moved" | "lease-not-returned"; consultationId: string; error: unknown };

/** The outside world of a relay. The app's is in process-relay.ts; the simulation brings its own. */
export interface RelayPorts {
  readonly lease: PublicationLease;
  /** Pushes events of one consultation in their order. Throws PublishError; anything else counts as "away". */
  publish(events: readonly Publishable[]): Promise<void>;
  /** Cheap question whether the provider takes calls again; throws as `publish` does. */
  probe(): Promise<void>;
  readonly clock: {
    /** Milliseconds that only grow; their beginning means nothing. */
    now(): number;
    /** Calls once, unless cancelled before. Does not keep a process alive. */
    after(ms: number, run: () => void): () => void;
  };
  /** From 0 up to 1. */
  readonly random: { next(): number };
  /** Names this relay in the database. */
  readonly owner: string;
  readonly report: (report: RelayReport) => void;
}
