import { createCipheriv, createHash, createSecretKey, generateKeyPairSync, randomBytes, randomUUID } from "node:crypto";
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRecordingWriter, createSealer, type RecordingWriter } from "../src/audit/recordings/index.ts";
import { stores } from "../src/audit/stores/index.ts";

interface Row {
  readonly measure: string;
  readonly value: number;
  readonly unit: string;
  readonly ratio: number | null;
  readonly of: string | null;
  readonly goal: string | null;
  readonly pass: boolean | null;
}

const ROUNDS = 7;
const ROUND_BYTES = 64 * 1024 * 1024;
const root = mkdtempSync(join(tmpdir(), "bench-recording-"));
const spool = join(root, "spool");
const wrap = (key: Buffer) => Buffer.from(key);
const header = {
  width: 80,
  height: 24,
  startedAt: new Date().toISOString(),
  title: "bench",
  sessionId: randomUUID(),
  orgId: randomUUID(),
};

const open = (): Promise<RecordingWriter> =>
  createRecordingWriter({ directory: spool, id: randomUUID(), header, wrap });
const clearSpool = () => rmSync(spool, { recursive: true, force: true });

interface Way {
  readonly size: number;
  readonly prepare: () => Promise<{ write: (bytes: Buffer) => void; done: () => unknown }>;
}

/** Nanoseconds of processor time, user and system, per byte of one round into a fresh file. */
async function round({ size, prepare }: Way): Promise<number> {
  const bytes = randomBytes(size);
  const { write, done } = await prepare();
  const before = process.cpuUsage();
  for (let sent = 0; sent < ROUND_BYTES; sent += size) write(bytes);
  const { user, system } = process.cpuUsage(before);
  await done();
  return ((user + system) * 1000) / ROUND_BYTES;
}

/**
 * The best round of each way, the ways taking turns. A round before them is not counted: the first use of a page of
 * memory can cost a virtual machine more than everything measured here.
 */
async function bulk(ways: readonly Way[]): Promise<number[]> {
  const best = ways.map(() => Number.POSITIVE_INFINITY);
  for (let turn = 0; turn <= ROUNDS; turn++) {
    for (const [at, way] of ways.entries()) {
      const cost = await round(way);
      if (turn > 0) best[at] = Math.min(best[at]!, cost);
    }
  }
  return best;
}

const recorded = (gather: number) => async () => {
  const writer = await open();
  let waiting: Buffer[] = [];
  const write = (bytes: Buffer) => {
    if (waiting.push(bytes) < gather) return;
    writer.output(0, waiting);
    waiting = [];
  };
  return { write, done: () => writer.end({ reason: "closed" }).then(clearSpool) };
};

/** The least any such recording costs: one SHA-256, one AES-256-GCM and one write of the same bytes. */
const bare = async () => {
  const key = createSecretKey(randomBytes(32));
  const nonce = Buffer.alloc(12);
  const path = join(root, "bare");
  const file = openSync(path, "w");
  const write = (bytes: Buffer) => {
    createHash("sha256").update(bytes).digest();
    const cipher = createCipheriv("aes-256-gcm", key, nonce);
    writeSync(file, cipher.update(bytes));
    cipher.final();
  };
  return { write, done: () => (closeSync(file), rmSync(path)) };
};

async function echo() {
  const writer = await open();
  const times: number[] = [];
  const bytes = Buffer.from("x");
  for (let n = 0; n < 21_000; n++) {
    const begun = performance.now();
    writer.output(0, bytes);
    if (n >= 1000) times.push((performance.now() - begun) * 1000);
  }
  await writer.end({ reason: "closed" });
  clearSpool();
  times.sort((a, b) => a - b);
  return { median: times[10_000]!, late: times[19_800]! };
}

async function openAndEnd() {
  const [opens, ends]: [number[], number[]] = [[], []];
  for (let n = 0; n < 50; n++) {
    let begun = performance.now();
    const writer = await open();
    opens.push(performance.now() - begun);
    writer.output(0, Buffer.from("x"));
    begun = performance.now();
    await writer.end({ reason: "closed" });
    ends.push(performance.now() - begun);
  }
  clearSpool();
  const median = (list: number[]) => list.sort((a, b) => a - b)[25]!;
  return { open: median(opens), end: median(ends) };
}

/** Bytes per second of sealing without rests, spool to verified store. */
async function sealing(bytes: Buffer): Promise<number> {
  const writer = await open();
  for (let sent = 0; sent < ROUND_BYTES; sent += bytes.length) writer.output(0, bytes);
  await writer.end({ reason: "closed" });
  const done = Promise.withResolvers<void>();
  const sealer = createSealer({
    spoolDirectory: spool,
    store: stores.get("disk").create({ directory: join(root, "store") }),
    unwrap: (wrapped) => wrapped,
    signingKey: generateKeyPairSync("ed25519").privateKey,
    rest: 0,
    onSealed: () => done.resolve(),
    onFailed: ({ error }) => done.reject(error),
  });
  const begun = performance.now();
  sealer.start();
  await done.promise;
  const seconds = (performance.now() - begun) / 1000;
  await sealer.stop();
  clearSpool();
  return ROUND_BYTES / 1e6 / seconds;
}

const listing = (): Buffer =>
  Buffer.from(
    Array.from(
      { length: 3000 },
      (_, n) => `-rw-r--r-- 1 root root ${(n * 7919) % 1_000_003} Nov 21 06:12 file-${n}\r\n`,
    ).join(""),
  ).subarray(0, 128 * 1024);

/** Recording in one process: writer and sealer. Takes about 20 seconds. */
export async function recording(): Promise<{ bench: "recording"; rows: Row[] }> {
  const rows: Row[] = [];
  const plain = (measure: string, value: number, unit: string, most?: number) =>
    rows.push({
      measure,
      value,
      unit,
      ratio: null,
      of: null,
      goal: most === undefined ? null : `at most ${most} ${unit}`,
      pass: most === undefined ? null : value <= most,
    });
  try {
    const KIB = 1024;
    const [floor, ...costs] = await bulk([
      { size: 32 * KIB, prepare: bare },
      { size: 32 * KIB, prepare: recorded(1) },
      { size: 32 * KIB, prepare: recorded(4) },
      { size: 256 * KIB, prepare: recorded(1) },
    ]);
    const of = "hash, encrypt and write alone, 32 KiB";
    plain(of, floor!, "ns/byte");
    for (const [at, name] of ["32 KiB", "4 x 32 KiB at once", "256 KiB"].entries()) {
      const value = costs[at]!;
      const goal = "at most 0.9 ns/byte";
      rows.push({
        measure: `output, ${name}`,
        value,
        unit: "ns/byte",
        ratio: value / floor!,
        of,
        goal,
        pass: value <= 0.9,
      });
    }
    const { median, late } = await echo();
    plain("output of one byte, p50", median, "µs", 50);
    plain("output of one byte, p99", late, "µs");
    const { open: opening, end } = await openAndEnd();
    plain("open a recording, p50", opening, "ms");
    plain("end a recording (forced to the disk), p50", end, "ms");
    plain("seal, listing", await sealing(listing()), "MB/s");
    plain("seal, random bytes", await sealing(randomBytes(128 * 1024)), "MB/s");
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
  return { bench: "recording", rows };
}

if (import.meta.main) {
  const report = await recording();
  if (process.argv.includes("--json")) console.log(JSON.stringify(report));
  else
    console.table(
      report.rows.map((row) => ({
        ...row,
        value: Number(row.value.toPrecision(3)),
        ratio: row.ratio && Number(row.ratio.toFixed(2)),
      })),
    );
}
