import { readFileSync } from "node:fs";
import { setPriority } from "node:os";

/** From here on a gateway uses so much of a core that the sessions of others feel it. */
const BULK_BYTES = 20_000_000;
const NICE = 10;
const CAP_SYS_NICE = 23n;
/** The resource limit that lets a process come back to nice 0 (getrlimit(2), RLIMIT_NICE). */
const LIMIT_FOR_ZERO = 20;

/**
 * Whoever types goes first: a gateway that moves bulk lets the others have the processor and takes its place again
 * afterwards. To be told the rate several times a second. Without the right to come back it never steps back.
 */
export function createStepBack(): (bytesPerSecond: number) => void {
  if (!mayComeBack()) return () => {};
  let isBack = false;
  return (bytesPerSecond) => {
    const isBulk = bytesPerSecond >= BULK_BYTES;
    if (isBulk === isBack) return;
    isBack = isBulk;
    setPriority(isBulk ? NICE : 0);
  };
}

/** Whether this process may lower its nice value again, on Linux. */
function mayComeBack(): boolean {
  try {
    const capabilities = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "latin1"))?.[1] ?? "0";
    const limit = /^Max nice priority\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "latin1"))?.[1] ?? "0";
    return ((BigInt(`0x${capabilities}`) >> CAP_SYS_NICE) & 1n) === 1n || Number(limit) >= LIMIT_FOR_ZERO;
  } catch {
    return false;
  }
}
