import { z } from "zod";
import { plain } from "../../core/fields.ts";

const Text = plain(z.string().max(1000));
const Sha256 = plain(z.string().regex(/^[0-9a-f]{64}$/));
const Count = z.number().int().min(0);
const Cells = z.number().int().min(1).max(65_535);

/** What is known when a recording starts; signed into the manifest and bound to the hash chain. No secrets. */
export const RecordingHeader = z
  .object({
    width: Cells,
    height: Cells,
    startedAt: z.iso.datetime({ offset: true }),
    title: Text,
    sessionId: z.uuid(),
    orgId: z.uuid(),
  })
  .catchall(z.union([Text, z.number(), z.boolean(), z.null()]));
export type RecordingHeader = z.infer<typeof RecordingHeader>;

/** How a session ended: the last chunk of a complete recording. */
export const RecordingEnd = z.object({
  reason: Text,
  exit: z.object({ code: z.number().int().nullable(), signal: Text.nullable() }).nullable(),
});
export type RecordingEnd = z.infer<typeof RecordingEnd>;

/** One stored segment: which chunks it holds, and its place in the sealed recording. Times in microseconds. */
export const SegmentEntry = z.object({
  number: Count,
  offset: Count,
  length: Count,
  sha256: Sha256,
  firstSequence: Count,
  lastSequence: Count,
  firstTime: Count,
  lastTime: Count,
});
export type SegmentEntry = z.infer<typeof SegmentEntry>;

/** What is signed when a recording is closed. `chain.start` is the SHA-256 of the keyed start of the chain. */
export const Manifest = z.object({
  format: z.literal("sallyport-recording-1"),
  id: z.uuid(),
  header: RecordingHeader,
  state: z.enum(["complete", "cut"]),
  end: RecordingEnd.nullable(),
  /** Why it is cut; null when complete. */
  cut: Text.nullable(),
  chunks: Count,
  bytes: Count,
  /** Microseconds from the start to the last chunk. */
  duration: Count,
  chain: z.object({ start: Sha256, end: Sha256 }),
  segments: z.array(SegmentEntry),
  index: z.object({ length: Count, sha256: Sha256 }),
  wrappedKey: plain(z.string().max(10_000)),
  signer: Sha256,
  sealedAt: z.iso.datetime({ offset: true }),
});
export type Manifest = z.infer<typeof Manifest>;

/** The encrypted index beside the segments. Times in microseconds; `heat` is output bytes per bucket of `bucket` µs. */
export const RecordingIndex = z.object({
  format: z.literal("sallyport-index-1"),
  bucket: z.number().int().min(1),
  heat: z.array(Count),
  resizes: z.array(z.object({ time: Count, cols: Cells, rows: Cells })),
  markers: z.array(z.object({ time: Count, label: Text })),
});
export type RecordingIndex = z.infer<typeof RecordingIndex>;
