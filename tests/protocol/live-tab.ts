import { expect, onTestFinished } from "vitest";
import { createApi } from "@/lib/browser/api-client";
import { browserClock, browserRandom } from "@/lib/browser/clock";
import { createServerTime } from "@/lib/browser/server-time";
import { createTransport } from "@/lib/browser/transport";
import { ConversationEngine } from "@/lib/sync/conversation-engine";
import { createMemoryQueueStorage } from "@/lib/sync/memory-queue-storage";
import type { Signal, SocketState } from "@/lib/sync/ports";
import { keepConnected } from "@/lib/sync/socket-keeper";
import { startChatOrigin } from "@/tests/support/chat-origin";
import { type ChannelsProxy, startChannelsProxy } from "@/tests/support/faults/channels-proxy";
import { ANNA, CONSULTATION_ID, WEBER } from "@/tests/support/sim/server-model";
import { until } from "./until";

type HappyWindow = Window & { happyDOM: { setURL(url: string): void } };

let ids = 0;
function nextMessageId(): string {
  ids += 1;
  return `01900000-0000-7000-8000-${String(ids).padStart(12, "0")}`;
}

/** In the happy-dom environment. Signals by hand; everything else of one tab as the product has it, with a proxy before its Channels server. */
export async function liveTab() {
  let proxied: ChannelsProxy | undefined;
  const origin = await startChatOrigin(ANNA, async (port) => {
    proxied = await startChannelsProxy({ port });
    return proxied.port;
  });
  const proxy = proxied;
  if (!proxy) throw new Error("a proxy expected");
  (window as unknown as HappyWindow).happyDOM.setURL(`${origin.url}/`);

  const listeners = new Set<(signal: Signal) => void>();
  const signals = {
    online: () => true,
    visible: () => true,
    onChange(listener: (signal: Signal) => void) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const transport = createTransport(ANNA.id, signals);
  const serverTime = createServerTime();
  const ports = {
    api: createApi(ANNA.id, serverTime),
    transport,
    signals,
    clock: browserClock,
    random: browserRandom,
    ids: { messageId: nextMessageId },
    queue: createMemoryQueueStorage(false),
    serverTime,
  };
  const states: { state: SocketState; at: number }[] = [];
  transport.onState((state) => states.push({ state, at: performance.now() }));
  const engine = new ConversationEngine(ports, { consultationId: CONSULTATION_ID, viewerId: ANNA.id });
  const stopSocket = keepConnected(ports);
  engine.start();
  onTestFinished(async () => {
    engine.stop();
    stopSocket();
    transport.close();
    await proxy.close();
    await origin.close();
  });
  const status = () => engine.getSnapshot().status;
  await until("live", () => status() === "live");
  states.length = 0;
  return {
    origin,
    proxy,
    transport,
    engine,
    states,
    status,
    stateNames: () => states.map(({ state }) => state),
    texts: () => engine.getSnapshot().items.map(({ message, pending }) => message?.content ?? pending?.content),
    say(content: string) {
      const command = {
        id: nextMessageId(),
        consultationId: CONSULTATION_ID,
        content,
        replyToId: null,
        attachmentIds: [],
      };
      expect(origin.model.send(WEBER, command).ok).toBe(true);
    },
    signal(signal: Signal) {
      for (const listener of listeners) listener(signal);
    },
  };
}

/** For what must not happen meanwhile. */
export async function pass(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}
