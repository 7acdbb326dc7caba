import { open } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { type RecordingKeys, seal, unseal } from "./keys.ts";
import { RecordingEnd, RecordingIndex, SegmentEntry } from "./schema.ts";

const Count = z.number().int().min(0);

/** One segment that is durably in the store, and the place in the spool after it. */
export const JournalRecord = z.object({
  entry: SegmentEntry,
  after: z.object({ part: Count, offset: Count, sequence: Count, time: Count, hash: z.hex() }),
  bytes: Count,
  end: RecordingEnd.nullable(),
  index: z.object({
    heat: z.array(z.tuple([Count, Count])),
    resizes: RecordingIndex.shape.resizes,
    markers: RecordingIndex.shape.markers,
  }),
});
export type JournalRecord = z.infer<typeof JournalRecord>;

export interface Journal {
  readonly records: readonly JournalRecord[];
  /** Durable when it resolves. */
  append(record: JournalRecord): Promise<void>;
  close(): Promise<void>;
}

/** Encrypted, because a chain hash in the open would let the bytes after it be guessed. A torn last record is dropped. */
export async function openJournal(directory: string, id: string, keys: RecordingKeys): Promise<Journal> {
  const file = await open(join(directory, "journal"), "a+", 0o600);
  const context = (number: number): string => `${id}/journal/${number}`;
  const records: JournalRecord[] = [];
  const stored = await file.readFile();
  let end = 0;
  while (end + 4 <= stored.length) {
    const size = stored.readUInt32BE(end);
    if (end + 4 + size > stored.length) break;
    try {
      const text = unseal(keys.journal, context(records.length), stored.subarray(end + 4, end + 4 + size)).toString(
        "utf8",
      );
      records.push(JournalRecord.parse(JSON.parse(text)));
    } catch {
      break;
    }
    end += 4 + size;
  }
  if (end < stored.length) await file.truncate(end);
  return {
    records,
    async append(record) {
      const box = seal(keys.journal, context(records.length), Buffer.from(JSON.stringify(record)));
      const size = Buffer.alloc(4);
      size.writeUInt32BE(box.length);
      await file.appendFile(Buffer.concat([size, box]));
      await file.datasync();
      records.push(record);
    },
    close: () => file.close(),
  };
}
