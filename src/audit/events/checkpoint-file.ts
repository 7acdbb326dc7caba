import { open, readFile, rename, stat } from "node:fs/promises";
import { Checkpoint } from "./checkpoint.ts";

const LARGE = 32 * 1024 * 1024;
const RECENT = 1_000;
const KEEP_EVERY = 50;

/** The local copy of signed checkpoints: it shows when the end of the chain is cut off in the database. */
export interface CheckpointFile {
  /** Writes one line and waits for the disk. */
  append(checkpoint: Checkpoint): Promise<void>;
}

/** One JSON line per checkpoint, 0600. Beyond 32 MiB only one in fifty of the older lines is kept. */
export function createCheckpointFile(path: string): CheckpointFile {
  return {
    async append(checkpoint) {
      const file = await open(path, "a", 0o600);
      try {
        await file.appendFile(`${JSON.stringify(checkpoint)}\n`);
        await file.datasync();
        if ((await file.stat()).size > LARGE) await thin(path);
      } finally {
        await file.close();
      }
    },
  };
}

async function thin(path: string): Promise<void> {
  const lines = (await readFile(path, "utf8")).split("\n").filter((line) => line !== "");
  const kept = lines.filter((_, index) => index % KEEP_EVERY === 0 || index >= lines.length - RECENT);
  const draft = `${path}.new`;
  const file = await open(draft, "w", 0o600);
  try {
    await file.writeFile(kept.map((line) => `${line}\n`).join(""));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
}

/**
 * The checkpoints of the file by ascending position, and the numbers of lines that cannot be read; a last line without
 * its end is what a crash leaves and does not count. Null when there is no file.
 */
export async function readCheckpointFile(
  path: string,
): Promise<{ checkpoints: Checkpoint[]; badLines: number[] } | null> {
  const found = await stat(path).catch(() => null);
  if (!found) return null;
  if (found.size > 4 * LARGE) throw new RangeError(`${path} is larger than a checkpoint file can be`);
  const lines = (await readFile(path, "utf8")).split("\n");
  lines.pop();
  const badLines: number[] = [];
  const checkpoints: Checkpoint[] = [];
  for (const [index, line] of lines.entries()) {
    const checkpoint = parseLine(line);
    if (checkpoint) checkpoints.push(checkpoint);
    else badLines.push(index + 1);
  }
  checkpoints.sort((a, b) => a.position - b.position);
  return { checkpoints, badLines };
}

function parseLine(line: string): Checkpoint | null {
  try {
    return Checkpoint.parse(JSON.parse(line));
  } catch {
    return null;
  }
}
