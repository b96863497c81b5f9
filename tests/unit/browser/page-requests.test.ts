import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { PageRequests } from "@/lib/browser/page-requests";

const PAGE = { headers: { rsc: "1", "next-router-state-tree": "x" } };
const OURS = { "content-type": "text/x-component" };

function page(body = "0:{}", status = 200): Response {
  return new Response(body, { status, headers: OURS });
}

class TestWindow extends EventTarget {
  readonly location = { assign: vi.fn<(url: string) => void>() };
  readonly asked: string[] = [];
  readonly answers: ((signal: AbortSignal) => Promise<Response>)[] = [];
  fetch = (async (input, init) => {
    this.asked.push(String(input));
    const answer = this.answers.shift();
    if (!answer) throw new TypeError("Failed to fetch");
    return answer(init?.signal ?? AbortSignal.timeout(60_000));
  }) as typeof fetch;
}

/** An answer whose body is cut half-way. */
const cut = async () =>
  new Response(
    new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode("0:"));
        controller.error(new TypeError("network error"));
      },
    }),
    { headers: OURS },
  );

describe("W6 page requests", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("W6 a page is asked for until our server answers whole, whatever stood in for it", async () => {
    const window = new TestWindow();
    const requests = new PageRequests(window);
    const told = vi.fn();
    requests.subscribe(told);
    window.answers.push(
      () => Promise.reject(new TypeError("Failed to fetch")),
      async () => new Response("<h1>Bad gateway</h1>", { status: 502, headers: { "content-type": "text/html" } }),
      async () => new Response("<h1>Welcome to our hotel</h1>", { headers: { "content-type": "text/html" } }),
      async () => page("1:E{}", 500),
      async () => page('0:{"t":1}\n1:E{"digest":"1234"}\n'),
      cut,
      async () => page("whole"),
    );
    const asked = window.fetch("https://x.example/settings?_rsc=1", PAGE);
    await vi.advanceTimersByTimeAsync(0);
    expect(requests.getSnapshot()).toBe(true);
    await vi.advanceTimersByTimeAsync(60_000);
    const answer = await asked;
    expect(await answer.text()).toBe("whole");
    expect(window.asked).toHaveLength(7);
    expect(requests.getSnapshot()).toBe(false);
    expect(told).toHaveBeenCalledTimes(2);
  });

  it("W6 it is asked for at once when the browser is online again", async () => {
    const window = new TestWindow();
    new PageRequests(window);
    const asked = window.fetch("/settings", PAGE);
    await vi.advanceTimersByTimeAsync(100);
    window.answers.push(async () => page());
    window.dispatchEvent(new Event("online"));
    expect((await asked).status).toBe(200);
  });

  it("W6 where the answer was led is told with it; a refusal of ours is an answer", async () => {
    const window = new TestWindow();
    new PageRequests(window);
    window.answers.push(
      async () => Object.defineProperties(page(), { url: { value: "/sign-in" }, redirected: { value: true } }),
      async () => page("0:{}", 404),
    );
    expect(await window.fetch("/settings", PAGE)).toMatchObject({ url: "/sign-in", redirected: true });
    expect((await window.fetch("/settings", PAGE)).status).toBe(404);
  });

  it("W6 what is no page goes its own way", async () => {
    const window = new TestWindow();
    new PageRequests(window);
    const others: (RequestInit | undefined)[] = [
      undefined,
      { headers: { accept: "application/json" } },
      { method: "POST", headers: { rsc: "1", "next-action": "x" } },
      { headers: { ...PAGE.headers, "next-router-prefetch": "1" } },
      { headers: { ...PAGE.headers, "next-hmr-refresh": "1" } },
    ];
    for (const init of others) {
      await expect(window.fetch("/x", init)).rejects.toThrow("Failed to fetch");
    }
    expect(window.asked).toHaveLength(5);
  });

  it("W6 what is given up is not asked for again, and a later page is waited for as before", async () => {
    const window = new TestWindow();
    const requests = new PageRequests(window);
    void window.fetch("/settings", PAGE);
    await vi.advanceTimersByTimeAsync(10);
    requests.abandon();
    expect(requests.getSnapshot()).toBe(false);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(window.asked).toEqual(["/settings"]);
    const later = window.fetch("/other", PAGE);
    await vi.advanceTimersByTimeAsync(10);
    expect(requests.getSnapshot()).toBe(true);
    window.answers.push(async () => page());
    await vi.advanceTimersByTimeAsync(60_000);
    expect((await later).status).toBe(200);
    expect(requests.getSnapshot()).toBe(false);
  });

  it("W6 what was given up is taken up when a step of history leads to it: the router asks for it once", async () => {
    const window = new TestWindow();
    const requests = new PageRequests(window);
    const asked = window.fetch("/settings?_rsc=1", PAGE);
    await vi.advanceTimersByTimeAsync(10);
    requests.abandon();
    const other = requests.lead("https://x.example/other");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(window.asked).toEqual(["/settings?_rsc=1"]);
    expect(requests.getSnapshot(), "a step is waited for, whoever asks").toBe(true);
    other();
    expect(requests.getSnapshot()).toBe(false);

    const shown = requests.lead("https://x.example/settings");
    await vi.advanceTimersByTimeAsync(10);
    expect(requests.getSnapshot()).toBe(true);
    window.answers.push(async () => page("whole"));
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await (await asked).text()).toBe("whole");
    shown();
    expect(requests.getSnapshot()).toBe(false);
  });

  it("W6 one that is given up and wanted again while it is asked for goes on", async () => {
    const window = new TestWindow();
    const requests = new PageRequests(window);
    window.answers.push(
      (signal) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    );
    requests.lead("https://x.example/settings");
    const asked = window.fetch("/settings?_rsc=1", PAGE);
    requests.lead("https://x.example/settings");
    window.answers.push(async () => page("whole"));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await (await asked).text()).toBe("whole");
  });

  it("W6 a line that is there stays for the next step; one that comes at once is none", async () => {
    const window = new TestWindow();
    const requests = new PageRequests(window);
    const seen: boolean[] = [];
    requests.subscribe(() => seen.push(requests.getSnapshot()));
    requests.lead("https://x.example/a")();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(seen).toEqual([]);
    void window.fetch("/settings", PAGE);
    await vi.advanceTimersByTimeAsync(10);
    expect(requests.getSnapshot()).toBe(true);
    requests.lead("https://x.example/b");
    expect(requests.getSnapshot()).toBe(true);
  });

  it("W6 an action whose answer brings a page that failed has no answer; any other answer is handed on", async () => {
    const window = new TestWindow();
    new PageRequests(window);
    const action = { method: "POST", headers: { "next-action": "x" } };
    window.answers.push(
      async () => page('0:{"a":"$@1"}\n2:E{"digest":"1234"}\n'),
      async () => page('0:{"a":"$@1"}\n1:"done"\n', 303),
      async () => new Response("Server action not found.", { status: 404 }),
    );
    await expect(window.fetch("/settings", action)).rejects.toThrow(TypeError);
    const done = await window.fetch("/settings", action);
    expect([done.status, await done.text()]).toEqual([303, '0:{"a":"$@1"}\n1:"done"\n']);
    expect((await window.fetch("/settings", action)).status).toBe(404);
    expect(window.asked).toHaveLength(3);
  });

  it("W6 one that hangs is somebody's wait after a while", async () => {
    const window = new TestWindow();
    const requests = new PageRequests(window);
    let answer = (_: Response) => {};
    window.answers.push(
      () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    );
    const asked = window.fetch("/settings", PAGE);
    await vi.advanceTimersByTimeAsync(1_999);
    expect(requests.getSnapshot()).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(requests.getSnapshot()).toBe(true);
    answer(page());
    expect((await asked).status).toBe(200);
    expect(requests.getSnapshot()).toBe(false);
  });

  it("W6 a document is loaded once the server answers", async () => {
    const window = new TestWindow();
    const requests = new PageRequests(window);
    const health = vi.spyOn(globalThis, "fetch");
    health.mockRejectedValueOnce(new TypeError("Failed to fetch"));
    health.mockResolvedValueOnce(new Response("<h1>Welcome</h1>"));
    health.mockResolvedValueOnce(Response.json({ status: "unavailable" }, { status: 503 }));
    health.mockResolvedValueOnce(Response.json({ status: "degraded" }));
    const opened = requests.open("/sign-in");
    await vi.advanceTimersByTimeAsync(3_500);
    expect(window.location.assign).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(60_000);
    await opened;
    expect(window.location.assign).toHaveBeenCalledExactlyOnceWith("/sign-in");
    health.mockRestore();
  });
});
