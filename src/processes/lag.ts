import { monitorEventLoopDelay } from "node:perf_hooks";

const RESOLUTION_MS = 20;
const WINDOW_MS = 10_000;

/** Measures how late this process comes to its work: the 99th percentile of 10 to 20 seconds, in seconds. */
export function watchLag(now: () => number = Date.now): { read(): number; stop(): void } {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  let since = now();
  let before = 0;
  return {
    read() {
      const lag = delay.count === 0 ? 0 : Math.max(0, delay.percentile(99) / 1e9 - RESOLUTION_MS / 1000);
      const worst = Math.max(before, lag);
      if (now() - since >= WINDOW_MS) {
        before = lag;
        since = now();
        delay.reset();
      }
      return worst;
    },
    stop: () => void delay.disable(),
  };
}
