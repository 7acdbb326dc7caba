import { randomUUID } from "node:crypto";
import { type FileHandle, mkdir, open, readdir, rename, rm, rmdir, stat } from "node:fs/promises";
import { dirname, isAbsolute, join, relative, sep } from "node:path";
import { z } from "zod";
import { Fault, notFound } from "../../core/index.ts";
import { plain } from "../../core/fields.ts";
import { assertKey, assertPrefix, readObject, type Store, type StoreKind } from "./store.ts";

const Settings = z.object({
  /** An absolute path; made with mode 0700 if it is not there. */
  directory: plain(z.string().min(1).max(4096).refine(isAbsolute, "Give an absolute path.")),
});

const BLOCK = 256 * 1024;
const STALE_MS = 24 * 3600 * 1000;

/** Files below one directory. Written beside their place, forced to the disk, then renamed. */
export const disk: StoreKind<typeof Settings> = {
  kind: "disk",
  title: "Directory on this machine",
  settings: Settings,
  create: ({ directory }) => createDiskStore(directory),
};

function createDiskStore(root: string): Store {
  const temporary = join(root, ".tmp");
  const place = (key: string): string => {
    assertKey(key);
    return join(root, ...key.split("/"));
  };

  const store: Store = {
    kind: "disk",
    async write(key, data, signal) {
      const path = place(key);
      await told(async () => {
        await makeDirectory(temporary);
        const fresh = join(temporary, randomUUID());
        try {
          await writeFile(fresh, data, signal);
          await moveInto(root, fresh, path);
        } catch (error) {
          await rm(fresh, { force: true });
          throw error;
        }
      });
    },
    async *read(key, range) {
      const path = place(key);
      const file = await told(() => open(path, "r"), key);
      try {
        yield* readBlocks(file, range?.start ?? 0, range?.end ?? Number.POSITIVE_INFINITY);
      } finally {
        await file.close();
      }
    },
    async size(key) {
      const path = place(key);
      const found = await told(() => ifThere(stat(path)));
      return found?.isFile() ? found.size : null;
    },
    async *list(prefix) {
      assertPrefix(prefix);
      const from = prefix.slice(0, prefix.lastIndexOf("/") + 1);
      const keys = (await told(() => walk(root, join(root, from)))).filter((key) => key.startsWith(prefix)).sort();
      for (const key of keys) {
        const size = await store.size(key);
        if (size !== null) yield { key, size };
      }
    },
    async remove(key) {
      const path = place(key);
      await told(async () => {
        await rm(path, { force: true });
        await pruneEmpty(root, dirname(path));
      });
    },
    async check() {
      const key = `check-${randomUUID()}`;
      const probe = Buffer.from(key);
      await store.write(key, probe);
      const back = await readObject(store, key, 1024);
      await store.remove(key);
      if (!back.equals(probe))
        throw new Fault("unavailable", "The recording store gives back other bytes than were written.");
      await told(() => removeStale(temporary));
    },
  };
  return store;
}

async function writeFile(path: string, data: Buffer | AsyncIterable<Buffer>, signal?: AbortSignal): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    for await (const part of Buffer.isBuffer(data) ? [data] : data) {
      signal?.throwIfAborted();
      for (let at = 0; at < part.length; ) at += (await file.write(part, at)).bytesWritten;
    }
    signal?.throwIfAborted();
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Tries again when the directory was pruned between being made and being used. */
async function moveInto(root: string, fresh: string, path: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const made = await makeDirectory(dirname(path));
    try {
      await rename(fresh, path);
      await syncUp(dirname(path), made ? dirname(made) : dirname(path), root);
      return;
    } catch (error) {
      if (attempt === 5 || (error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
}

const makeDirectory = (path: string): Promise<string | undefined> => mkdir(path, { recursive: true, mode: 0o700 });

/** Forces the directory and those that were made above it, so that the new names survive a loss of power. */
async function syncUp(from: string, to: string, root: string): Promise<void> {
  for (let path = from; ; path = dirname(path)) {
    const directory = await open(path, "r");
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
    if (path === to || path === dirname(path) || relative(root, path) === "") return;
  }
}

async function* readBlocks(file: FileHandle, start: number, end: number): AsyncIterable<Buffer> {
  const { size } = await file.stat();
  const last = Math.min(end, size);
  for (let at = start; at < last; ) {
    const block = Buffer.allocUnsafe(Math.min(BLOCK, last - at));
    const { bytesRead } = await file.read(block, 0, block.length, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    yield block.subarray(0, bytesRead);
  }
}

async function walk(root: string, directory: string): Promise<string[]> {
  const entries = (await ifThere(readdir(directory, { recursive: true, withFileTypes: true }))) ?? [];
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .filter((key) => !key.startsWith("."));
}

async function pruneEmpty(root: string, from: string): Promise<void> {
  for (let path = from; relative(root, path) !== "" && path.startsWith(root); path = dirname(path)) {
    try {
      await rmdir(path);
    } catch {
      return;
    }
  }
}

async function removeStale(temporary: string): Promise<void> {
  for (const name of await readdir(temporary)) {
    const path = join(temporary, name);
    const found = await ifThere(stat(path));
    if (found && found.mtimeMs < Date.now() - STALE_MS) await rm(path, { force: true });
  }
}

async function ifThere<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    throw error;
  }
}

async function told<T>(work: () => Promise<T>, key?: string): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (error instanceof Fault || code === undefined || code === "ABORT_ERR") throw error;
    if (key && (code === "ENOENT" || code === "ENOTDIR")) throw notFound("stored object");
    const cause = code === "ENOSPC" ? "the disk is full" : code;
    throw new Fault("unavailable", `The recording store cannot be used: ${cause}.`, undefined, error);
  }
}
