import { closeSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { RecordingHeader } from "./schema.ts";

/*
 * <spool>/<recording id>/  header.json   the header and the wrapped data key, written once
 *                          000000.part   frames; a new part every 64 MiB
 *                          lock          the writing process; gone when the writer has closed
 *                          journal       what the sealer has stored
 * <spool>/.new-<id>/ is one being made, <spool>/.removed-<id>/ one being removed, <spool>/.damaged-<id>/ one that could
 * not be read to its end and is kept for inspection.
 */
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Throws unless the id can be a directory name of the spool. */
function assertId(id: string): void {
  if (!UUID.test(id)) throw new Error("A recording id is a UUID in lower case");
}

export const spoolPath = (spool: string, id: string): string => {
  assertId(id);
  return join(spool, id);
};
/** Whether a recording, finished or not, waits in the spool. */
export const isSpooled = (spool: string, id: string): Promise<boolean> =>
  stat(spoolPath(spool, id)).then(
    () => true,
    () => false,
  );

export const partName = (part: number): string => `${String(part).padStart(6, "0")}.part`;

const SpoolHeader = z.object({
  format: z.literal("sallyport-spool-1"),
  id: z.uuid(),
  header: RecordingHeader,
  wrappedKey: z.base64().max(10_000),
});
export type SpoolHeader = z.infer<typeof SpoolHeader>;

export const encodeSpoolHeader = (header: Omit<SpoolHeader, "format">): string =>
  JSON.stringify({ format: "sallyport-spool-1", ...header });

/** The header of a spool is not readable, as after a loss of power; trying again does not help. */
export class SpoolDamage extends Error {}

export async function readSpoolHeader(directory: string): Promise<SpoolHeader> {
  const text = await readFile(join(directory, "header.json"), "utf8");
  try {
    return SpoolHeader.parse(JSON.parse(text));
  } catch (error) {
    throw new SpoolDamage("The header of a recording in the spool is damaged.", { cause: error });
  }
}

/** The part numbers that are there, ascending. */
export async function listParts(directory: string): Promise<number[]> {
  const names = await readdir(directory);
  return names
    .filter((name) => /^\d{6}\.part$/.test(name))
    .map((name) => Number(name.slice(0, 6)))
    .sort((a, b) => a - b);
}

/** Recordings in the spool. */
export async function listSpool(spool: string): Promise<string[]> {
  return (await readdir(spool)).filter((name) => UUID.test(name)).sort();
}

/** Bytes in a part, 0 if it is not there. */
export const partSize = async (directory: string, part: number): Promise<number> =>
  (await stat(join(directory, partName(part))).catch(() => null))?.size ?? 0;

export function createFileSync(path: string, text: string): void {
  const file = openSync(path, "wx", 0o600);
  try {
    writeSync(file, text);
  } finally {
    closeSync(file);
  }
}

const readProc = (path: string): string | null => {
  try {
    return readFileSync(`/proc/${path}`, "latin1");
  } catch {
    return null;
  }
};

/** When a process started, in clock ticks since boot (proc(5), field 22); null where there is none or it is a zombie. */
function startTime(pid: number): string | null {
  const text = readProc(`${pid}/stat`);
  if (text === null) return null;
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return fields[0] === "Z" || fields[0] === "X" ? null : (fields[19] ?? null);
}

/** Ticks and process numbers repeat after a restart of the machine; this does not. */
const bootId = (): string | null => readProc("sys/kernel/random/boot_id")?.trim() ?? null;

let own: string | undefined;
/** What a process writes into its lock. */
export const lockText = (): string =>
  (own ??= JSON.stringify({ pid: process.pid, started: startTime(process.pid), boot: bootId() }));

const Lock = z.object({
  pid: z.number().int().positive(),
  started: z.string().nullable(),
  boot: z.string().nullable(),
});

/** Whether the process that wrote the lock still runs on this machine; a recycled process number does not count. */
export function lockIsHeld(path: string): boolean {
  let lock: z.infer<typeof Lock>;
  try {
    lock = Lock.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch {
    return false;
  }
  if (lock.started !== null) return lock.boot === bootId() && startTime(lock.pid) === lock.started;
  try {
    process.kill(lock.pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Takes a lock file; false when a living process holds it. */
export function takeLock(path: string): boolean {
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      createFileSync(path, lockText());
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      if (lockIsHeld(path)) return false;
      rmSync(path, { force: true });
    }
  }
  return false;
}
