import { type Chunk, parseSize } from "./frame.ts";
import { unpacked } from "./pack.ts";
import type { RecordingIndex } from "./schema.ts";

const SECOND = 1_000_000;
const MAX_BUCKETS = 2000;
const MAX_RESIZES = 10_000;
const MAX_MARKERS = 2000;

/** What the chunks of one segment add to the index; `heat` is pairs of second and output bytes. */
export interface IndexPart {
  readonly heat: readonly (readonly [number, number])[];
  readonly resizes: RecordingIndex["resizes"];
  readonly markers: RecordingIndex["markers"];
}

export function summarize(chunks: readonly Chunk[]): IndexPart {
  const heat = new Map<number, number>();
  const part = { resizes: [] as RecordingIndex["resizes"], markers: [] as RecordingIndex["markers"] };
  for (const { kind, time, bytes } of chunks.map(unpacked)) {
    if (kind === "o" || kind === "e") {
      const second = Math.floor(time / SECOND);
      heat.set(second, (heat.get(second) ?? 0) + bytes.length);
    } else if (kind === "r") {
      const size = parseSize(bytes);
      if (size) part.resizes.push({ time, ...size });
    } else if (kind === "m") {
      part.markers.push({ time, label: bytes.toString("utf8") });
    }
  }
  return { heat: [...heat], ...part };
}

/** Puts the parts together. Bounded: at most 2,000 buckets, which grow with the recording, 10,000 resizes and 2,000 markers. */
export function createIndexBuilder() {
  let bucket = SECOND;
  let heat: number[] = [];
  const resizes: RecordingIndex["resizes"] = [];
  const markers: RecordingIndex["markers"] = [];

  const warm = (time: number, bytes: number): void => {
    while (time / bucket >= MAX_BUCKETS) {
      bucket *= 2;
      heat = Array.from({ length: Math.ceil(heat.length / 2) }, (_, at) => heat[2 * at]! + (heat[2 * at + 1] ?? 0));
    }
    const at = Math.floor(time / bucket);
    while (heat.length <= at) heat.push(0);
    heat[at]! += bytes;
  };

  return {
    add(part: IndexPart): void {
      for (const [second, bytes] of part.heat) warm(second * SECOND, bytes);
      resizes.push(...part.resizes.slice(0, MAX_RESIZES - resizes.length));
      markers.push(...part.markers.slice(0, MAX_MARKERS - markers.length));
    },
    index: (): RecordingIndex => ({ format: "sallyport-index-1", bucket, heat, resizes, markers }),
  };
}
