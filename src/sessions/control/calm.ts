/** Tells at most once in a while, and always the latest. */
export interface Calm<T> {
  tell(value: T): void;
  /** What waits is told at once; nothing after. */
  stop(): void;
}

/** `act` is called at once, then at most every `ms`. It must not throw: often a timer calls it. */
export function createCalm<T>(ms: number, act: (value: T) => void): Calm<T> {
  let waiting: { readonly value: T } | null = null;
  let timer: NodeJS.Timeout | null = null;
  let stopped = false;

  function go(): void {
    timer = null;
    if (!waiting) return;
    const { value } = waiting;
    waiting = null;
    if (!stopped) timer = setTimeout(go, ms);
    act(value);
  }

  return {
    tell(value) {
      if (stopped) return;
      waiting = { value };
      if (!timer) go();
    },
    stop() {
      stopped = true;
      if (timer) clearTimeout(timer);
      go();
    },
  };
}
