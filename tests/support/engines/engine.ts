/** A window of some browser engine, with as little as the tests of all engines need. */
export interface EngineWindow {
  goto(url: string): Promise<void>;
  reload(): Promise<void>;
  /** The value of an expression in the page; a promise is awaited. It has to be JSON. */
  evaluate<Value>(expression: string): Promise<Value>;
  click(selector: string): Promise<void>;
  /** Into what has the focus. */
  type(text: string): Promise<void>;
  press(key: "Enter" | "ArrowUp"): Promise<void>;
  screenshot(): Promise<Buffer>;
  close(): Promise<void>;
}

export interface Engine {
  open(): Promise<EngineWindow>;
  close(): Promise<void>;
}

/** Collects in the page what it throws and what its policy blocks, from when the page is there. */
export const LISTEN_FOR_COMPLAINTS = `(() => {
  window.complaints = [];
  addEventListener("error", ({ message }) => window.complaints.push(message));
  addEventListener("unhandledrejection", ({ reason }) => window.complaints.push(String(reason)));
  addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI }) =>
    window.complaints.push("Policy: " + effectiveDirective + " blocked " + blockedURI));
})()`;
