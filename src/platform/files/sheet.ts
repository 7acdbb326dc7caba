import { Worker } from "node:worker_threads";
import { Fault } from "../../core/index.ts";
import type { SheetMessage, SheetTask } from "./sheet-worker.ts";

/** The most rows of one file. */
const MOST_ROWS = 20_000;
const MOST_MS = 60_000;
const MEMORY_MB = 512;

/**
 * Reads a file in a thread of its own, so that neither its size nor its content holds up anything else. The first row is
 * the head. Fault `invalid` for what is neither UTF-8 CSV nor XLSX, is too large, or takes longer than a minute.
 */
export async function readRows(bytes: Uint8Array, signal?: AbortSignal): Promise<string[][]> {
  const rows: string[][] = [];
  const isXlsx = bytes[0] === 0x50 && bytes[1] === 0x4b;
  await work({ do: "read", bytes, isXlsx, mostRows: MOST_ROWS }, signal, (message) => {
    if ("rows" in message) for (const row of message.rows) rows.push(row);
  });
  return rows;
}

/** An XLSX file with these rows of text. */
export async function writeRows(rows: readonly (readonly string[])[]): Promise<Uint8Array> {
  let bytes = new Uint8Array();
  await work({ do: "write", rows }, undefined, (message) => {
    if ("bytes" in message) bytes = new Uint8Array(message.bytes);
  });
  return bytes;
}

async function work(task: SheetTask, signal: AbortSignal | undefined, take: (message: SheetMessage) => void) {
  const worker = new Worker(new URL("./sheet-worker.ts", import.meta.url), {
    workerData: task,
    resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB },
    stderr: true,
  });
  const stop = AbortSignal.any([...(signal ? [signal] : []), AbortSignal.timeout(MOST_MS)]);
  try {
    await new Promise<void>((resolve, reject) => {
      const tooMuch = () =>
        reject(new Fault("invalid", "The file takes too much time or memory. Split it into several."));
      stop.addEventListener("abort", tooMuch, { once: true });
      worker.once("error", tooMuch);
      worker.once("exit", tooMuch);
      worker.on("message", (message: SheetMessage) => {
        if ("problem" in message) reject(new Fault("invalid", message.problem));
        else if ("end" in message) resolve();
        else take(message);
      });
    });
  } finally {
    await worker.terminate();
  }
}
