import { close, existsSync, fdatasync, openSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { dirname, join } from "node:path";
import { partName } from "./spool.ts";

export interface PartFiles {
  /** The file to append `size` bytes to; throws when the limit is reached or no new part can be made. */
  reserve(size: number): number;
  /** Forces everything written so far to the disk. */
  sync(): Promise<void>;
  /** Lets go of file and lock, at once or as soon as a sync under way allows. */
  close(): void;
}

/** The part files of one recording that is being written, from its first part, already open. */
export function createPartFiles({
  directory,
  first,
  partBytes,
  maxSpoolBytes,
}: {
  readonly directory: string;
  readonly first: number;
  readonly partBytes: number;
  readonly maxSpoolBytes: number;
}): PartFiles {
  const sizes: number[] = [0];
  let file = first;
  let oldest = 0;
  let held = 0;
  let named = false;
  // An older part that could not be forced to the disk.
  let lost: Error | null = null;
  // Syncs and closes run one after the other: a file is never closed while fdatasync uses it.
  let queue: Promise<void> = Promise.resolve();
  const enqueue = (work: () => Promise<void>): Promise<void> => (queue = queue.catch(() => {}).then(work));

  const rotate = (): void => {
    const full = file;
    file = openSync(join(directory, partName(sizes.length)), "wx", 0o600);
    sizes.push(0);
    named = false;
    enqueue(() => syncData(full).finally(() => close(full, () => {}))).catch((error: Error) => void (lost = error));
  };

  // The sealer removes parts it has stored.
  const countRemoved = (): void => {
    while (oldest < sizes.length - 1 && !existsSync(join(directory, partName(oldest)))) held -= sizes[oldest++]!;
  };

  const syncNames = async (): Promise<void> => {
    if (named) return;
    named = true;
    await syncPath(join(directory, "header.json"));
    await syncPath(directory);
    await syncPath(dirname(directory));
  };

  return {
    reserve(size) {
      if (lost) throw lost;
      const last = sizes.at(-1)!;
      if (last > 0 && last + size > partBytes) rotate();
      if (held + size > maxSpoolBytes) countRemoved();
      if (held + size > maxSpoolBytes) throw new Error("the spool's limit for one recording is reached");
      held += size;
      sizes[sizes.length - 1]! += size;
      return file;
    },
    sync: () =>
      enqueue(async () => {
        await syncNames();
        await syncData(file);
        if (lost) throw lost;
      }),
    close() {
      const closing = file;
      file = -1;
      if (closing >= 0) void enqueue(async () => close(closing, () => {}));
      rmSync(join(directory, "lock"), { force: true });
    },
  };
}

/** Throws unless that much is free in a file system. */
export function assertFree(
  { bavail, bsize }: { readonly bavail: number; readonly bsize: number },
  bytes: number,
): void {
  if (bavail * bsize < bytes) throw new Error("too little free space");
}

const syncData = (file: number): Promise<void> =>
  new Promise((resolve, reject) => fdatasync(file, (error) => (error ? reject(error) : resolve())));

async function syncPath(path: string): Promise<void> {
  const file = await open(path, "r");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
