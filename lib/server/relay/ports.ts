import "server-only";
import type { Event } from "@/lib/protocol/event";

/** A lease on the publication of one consultation, and what to publish first. */
export interface Publication {
  readonly consultationId: string;
  /** Number of this claim. A holder whose number is no longer the newest cannot move the cursor. */
  readonly fence: number;
  readonly events: readonly Event[];
}

/** The cursors, as the database keeps them. */
export interface PublicationLease {
  /** Takes the lease of up to `most` consultations that are behind and that nobody holds. */
  claim(owner: string, most: number): Promise<readonly Publication[]>;
  /**
   * Records that everything up to `seq` is published; answers what comes next, or nothing, and then the lease is
   * given back. "lost": somebody else holds it by now and goes on from the recorded place.
   */
  advance(publication: Publication, seq: number): Promise<{ outcome: "ok" | "lost"; events: readonly Event[] }>;
  /** Gives the lease back after a failure; nobody tries this consultation again for a while. */
  postpone(publication: Publication): Promise<void>;
  /** The provider is back: what was postponed may be claimed at once. */
  revive(): Promise<void>;
}

export type RelayReport =
  | { kind: "sweep-failed"; error: unknown }
  | { kind: "publish-failed"; consultationId: string; seq: number | null; error: unknown }
  | { kind: "lease-not-returned"; consultationId: string; error: unknown };

/** The outside world of a relay. The app's is in process-relay.ts; the simulation brings its own. */
export interface RelayPorts {
  readonly lease: PublicationLease;
  /** Pushes events of one consultation in their order; throws when the provider could not be asked or is overloaded. */
  publish(events: readonly Event[]): Promise<void>;
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
