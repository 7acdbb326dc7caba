import { createCipheriv, createDecipheriv, generateKeyPairSync, randomBytes, randomUUID } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stores } from "../stores/index.ts";
import {
  type Chunk,
  createSealer,
  type Manifest,
  openSpool,
  type RecordingHeader,
  type Unwrap,
  type Wrap,
} from "./index.ts";
import { unpacked } from "./pack.ts";
import type { SealerOptions } from "./seal.ts";

const master = Buffer.from("0f".repeat(32), "hex");

/** A real wrapping, bound to its context, with a master key every test process knows. */
export const wrap: Wrap = (key, context) => {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", master, nonce).setAAD(Buffer.from(context));
  return Buffer.concat([nonce, cipher.update(key), cipher.final(), cipher.getAuthTag()]);
};
export const unwrap: Unwrap = (wrapped, context) => {
  const open = createDecipheriv("aes-256-gcm", master, wrapped.subarray(0, 12)).setAAD(Buffer.from(context));
  open.setAuthTag(wrapped.subarray(-16));
  return Buffer.concat([open.update(wrapped.subarray(12, -16)), open.final()]);
};

export const signing = generateKeyPairSync("ed25519");

export const header = (): RecordingHeader => ({
  width: 80,
  height: 24,
  startedAt: "2026-11-21T06:00:00.000Z",
  title: "root@demo",
  sessionId: randomUUID(),
  orgId: randomUUID(),
});

/** Fresh spool and store, and what removes them. */
export async function places() {
  const root = await mkdtemp(join(tmpdir(), "recording-"));
  const spool = join(root, "spool");
  const store = stores.get("disk").create({ directory: join(root, "store") });
  return { root, spool, store, remove: () => rm(root, { recursive: true, force: true }) };
}

export type Places = Awaited<ReturnType<typeof places>>;

export async function readAll(directory: string) {
  const spool = await openSpool({ directory, unwrap });
  const reading = spool.chunks();
  const chunks: Chunk[] = [];
  for await (const { chunk } of reading) chunks.push(unpacked(chunk));
  return { chunks, outcome: reading.outcome!, spool };
}

export const textOf = (chunks: Iterable<Chunk>, kind = "o"): string =>
  Buffer.concat([...chunks].filter((chunk) => chunk.kind === kind).map(({ bytes }) => bytes)).toString();

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** Runs a sealer until `count` recordings are sealed. */
export async function sealAll(
  { spool, store }: Places,
  count = 1,
  more: Partial<SealerOptions> = {},
): Promise<Manifest[]> {
  const sealed: Manifest[] = [];
  const done = Promise.withResolvers<void>();
  const sealer = createSealer({
    spoolDirectory: spool,
    store,
    unwrap,
    signingKey: signing.privateKey,
    everyMs: 10,
    onFailed: ({ error }) => done.reject(error),
    ...more,
    onSealed: async (manifest) => {
      await more.onSealed?.(manifest);
      sealed.push(manifest);
      if (sealed.length === count) done.resolve();
    },
  });
  const timer = setTimeout(() => done.reject(new Error("not sealed within 20 s")), 20_000);
  sealer.start();
  try {
    await done.promise;
  } finally {
    clearTimeout(timer);
    await sealer.stop();
  }
  return sealed;
}

export const names = (directory: string): Promise<string[]> => readdir(directory);
