import type { Page } from "playwright-core";

/** What a page holds. All of it must come back to where it was, whatever was opened and closed in between. */
export interface Meter {
  listeners: number;
  nodes: number;
  timers: number;
  socketsOpen: number;
  channels: number;
  heapMB: number;
}

interface Counted {
  __timers: Set<number>;
  __sockets: WebSocket[];
  __murphPusherClient?: Promise<{ pusher: { channels: { channels: Record<string, unknown> } } }>;
}

/** Before the page is opened: counts its live timers and every socket it ever made. */
export async function countFromTheStart(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const counted = window as unknown as Counted & typeof globalThis;
    const timers = new Set<number>();
    const sockets: WebSocket[] = [];
    counted.__timers = timers;
    counted.__sockets = sockets;

    const { setTimeout, setInterval, clearTimeout, clearInterval } = window;
    const later = (run: TimerHandler, ms?: number, ...rest: unknown[]) => {
      const id: number = setTimeout(() => {
        timers.delete(id);
        if (typeof run === "function") run(...rest);
      }, ms);
      timers.add(id);
      return id;
    };
    const again = (run: TimerHandler, ms?: number, ...rest: unknown[]) => {
      const id: number = setInterval(run, ms, ...rest);
      timers.add(id);
      return id;
    };
    const clear = (id: number | undefined) => {
      if (id !== undefined) timers.delete(id);
      clearTimeout(id);
      clearInterval(id);
    };
    Object.assign(window, { setTimeout: later, setInterval: again, clearTimeout: clear, clearInterval: clear });

    const Original = WebSocket;
    Object.assign(window, {
      WebSocket: class extends Original {
        constructor(url: string | URL, protocols?: string | string[]) {
          super(url, protocols);
          sockets.push(this);
        }
      },
    });
  });
}

/** Every socket that the page ever made. */
export function socketsMade(page: Page): Promise<number> {
  return page.evaluate(() => (window as unknown as Counted).__sockets.length);
}

/** Reads the page after collecting its garbage. */
export async function readMeter(page: Page): Promise<Meter> {
  const session = await page.context().newCDPSession(page);
  try {
    await session.send("Performance.enable");
    // Twice: what finalisers and weak references let go of in the first round is collected in the second.
    for (let round = 0; round < 2; round++) await session.send("HeapProfiler.collectGarbage");
    const { metrics } = await session.send("Performance.getMetrics");
    const metric = (name: string) => metrics.find((candidate) => candidate.name === name)?.value ?? Number.NaN;
    const counted = await page.evaluate(async () => {
      const { __timers, __sockets, __murphPusherClient } = window as unknown as Counted;
      const client = await __murphPusherClient;
      return {
        timers: __timers.size,
        socketsOpen: __sockets.filter(({ readyState }) => readyState <= WebSocket.OPEN).length,
        channels: Object.keys(client?.pusher.channels.channels ?? {}).length,
      };
    });
    return {
      listeners: metric("JSEventListeners"),
      nodes: metric("Nodes"),
      ...counted,
      heapMB: Math.round((metric("JSHeapUsedSize") / 1024 / 1024) * 10) / 10,
    };
  } finally {
    await session.detach();
  }
}
