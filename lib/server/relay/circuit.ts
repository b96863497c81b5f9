import "server-only";
import { PublishError, type RelayPorts } from "./ports";

/** After this long the provider is asked less often. */
const LONG_OUTAGE_MS = 600_000;
/** Most troubles are one moment of a restart. */
const FIRST_PROBE_MS = 250;
const PROBE_EVERY_MS = 1_000;
const PROBE_EVERY_MS_WHEN_LONG = 5_000;
/** Only a person ends this: a wrong secret or clock, an account that was closed. */
const PROBE_EVERY_MS_WHEN_REFUSED = 20_000;
/** A probe may hang for as long as a call may; the next one does not wait for it. */
const MAX_PROBES = 4;

interface Outage {
  since: number;
  reason: "away" | "refused";
}

/** Whether this process's calls to the provider work. */
export interface Circuit {
  /** While it is, nothing is published and no lease is taken. */
  isOpen(): boolean;
  /**
   * A call that began at `begunAt` has failed, and the repetition of it (lib/pusher/server.ts): opens, unless the
   * provider works and only these events did not please it, or a call that began later has succeeded.
   */
  failed(error: unknown, begunAt: number): void;
  /** A publication has succeeded. One that was begun before an outage says nothing about its end. */
  succeeded(begunAt: number): void;
  /** Asks now. */
  probe(): Promise<void>;
  stop(): void;
}

/**
 * One question a second instead of failed calls for each event: the first that fails twice opens the circuit, a probe
 * that succeeds closes it (F1, F2, W10).
 */
export function createCircuit(
  { clock, random, report, ...ports }: Pick<RelayPorts, "clock" | "random" | "report" | "probe">,
  onClosed: () => void,
): Circuit {
  let outage: Outage | null = null;
  /** Beginning of the trouble, across moments in which a probe succeeded and the next publication did not. */
  let troubleSince: number | null = null;
  /** A call that began then has succeeded. */
  let workedAt = Number.NEGATIVE_INFINITY;
  let cancelProbe = (): void => undefined;
  let probes = 0;
  let stopped = false;

  return {
    isOpen: () => outage !== null,
    failed,
    succeeded(begunAt) {
      workedAt = Math.max(workedAt, begunAt);
      if (!outage) troubleSince = null;
    },
    probe,
    stop() {
      stopped = true;
      cancelProbe();
    },
  };

  function failed(error: unknown, begunAt: number): void {
    const reason = error instanceof PublishError ? error.reason : "away";
    if (reason === "events" || begunAt < workedAt) return;
    const before = outage;
    const flapping = troubleSince !== null;
    outage = { since: before?.since ?? clock.now(), reason };
    troubleSince ??= outage.since;
    if (before?.reason === reason) return;
    report({ kind: reason === "refused" ? "provider-refuses-us" : "provider-away", error });
    cancelProbe();
    scheduleProbe(flapping || reason === "refused" ? pause() : FIRST_PROBE_MS);
  }

  function scheduleProbe(ms = pause()): void {
    if (stopped) return;
    const jitter = 0.75 + random.next() / 2;
    cancelProbe = clock.after(ms * jitter, () => {
      scheduleProbe();
      void probe();
    });
  }

  function pause(): number {
    if (outage?.reason === "refused") return PROBE_EVERY_MS_WHEN_REFUSED;
    const long = clock.now() - (troubleSince ?? clock.now()) > LONG_OUTAGE_MS;
    return long ? PROBE_EVERY_MS_WHEN_LONG : PROBE_EVERY_MS;
  }

  async function probe(): Promise<void> {
    if (!outage || probes >= MAX_PROBES) return;
    probes += 1;
    const begunAt = clock.now();
    try {
      await ports.probe();
      close(begunAt);
    } catch (error) {
      failed(error, begunAt);
    } finally {
      probes -= 1;
    }
  }

  function close(begunAt: number): void {
    if (!outage || stopped) return;
    workedAt = Math.max(workedAt, begunAt);
    cancelProbe();
    report({ kind: "provider-back", afterMs: Math.round(clock.now() - outage.since) });
    outage = null;
    onClosed();
  }
}
