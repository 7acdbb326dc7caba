const ATTENDED_MS = 60_000;
let touched = Date.now();

for (const event of ["pointerdown", "pointermove", "keydown", "wheel", "touchstart"])
  globalThis.addEventListener?.(event, () => void (touched = Date.now()), { capture: true, passive: true });

/**
 * The header of a request that nobody caused: the page reads again by itself, and nobody has touched it for a minute. Such
 * requests do not keep the console session alive.
 */
export const unattended = (): Record<string, string> =>
  Date.now() - touched > ATTENDED_MS ? { "x-sallyport-unattended": "1" } : {};
