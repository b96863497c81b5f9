interface LockRequest<Holder> {
  readonly holder: Holder;
  readonly grant: () => void;
}

/** The locks of one browser, by name: whoever asks first has it first, and a holder that dies lets go. */
export class WebLocks<Holder> {
  readonly #requests = new Map<string, LockRequest<Holder>[]>();
  readonly #deliver: (holder: Holder, resolve: () => void) => void;

  /** `deliver` tells a holder that the lock is its own. */
  constructor(deliver: (holder: Holder, resolve: () => void) => void) {
    this.#deliver = deliver;
  }

  /** Names that somebody holds. */
  get held(): number {
    return this.#requests.size;
  }

  async exclusively(holder: Holder, name: string, run: () => Promise<void>): Promise<void> {
    const requests = this.#requests.get(name) ?? [];
    this.#requests.set(name, requests);
    const request = await new Promise<LockRequest<Holder>>((resolve) => {
      const asked: LockRequest<Holder> = { holder, grant: () => this.#deliver(holder, () => resolve(asked)) };
      requests.push(asked);
      if (requests.length === 1) asked.grant();
    });
    try {
      await run();
    } finally {
      this.#release(name, request);
    }
  }

  /** The end of a holder: what it had is free, and what it asked for is forgotten. */
  forget(holder: Holder): void {
    for (const name of [...this.#requests.keys()]) {
      for (const request of [...(this.#requests.get(name) ?? [])]) {
        if (request.holder === holder) this.#release(name, request);
      }
    }
  }

  #release(name: string, request: LockRequest<Holder>): void {
    const requests = this.#requests.get(name) ?? [];
    const place = requests.indexOf(request);
    // A holder that died meanwhile has lost its place, and somebody else may hold the lock.
    if (place === -1) return;
    requests.splice(place, 1);
    if (place === 0) requests[0]?.grant();
    if (requests.length === 0) this.#requests.delete(name);
  }
}
