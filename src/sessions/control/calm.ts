/** Tells at most once in a while, and always the latest. */
export interface Calm<T> {
  tell(value: T): void;
  /** What waits is told at once; nothing after. */
  stop(): void;
}

/** `act` is called at once, then at most every `ms`; it may throw only into `tell` and `stop`. */
export function createCalm<T>(ms: number, act: (value: T) => void): Calm<T> {
  let waiting: { readonly value: T } | null = null;
  let timer: NodeJS.Timeout | null = null;

  function go(): void {
    timer = null;
    if (!waiting) return;
    const { value } = waiting;
    waiting = null;
    act(value);
    timer = setTimeout(go, ms);
  }

  return {
    tell(value) {
      waiting = { value };
      if (!timer) go();
    },
    stop() {
      if (timer) clearTimeout(timer);
      timer = null;
      go();
      if (timer) clearTimeout(timer);
    },
  };
}
