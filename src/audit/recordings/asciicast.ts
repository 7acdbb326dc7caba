import type { Chunk } from "./frame.ts";
import type { RecordingHeader } from "./schema.ts";

/**
 * The lines of an asciicast v2 file (docs.asciinema.org/manual/asciicast/v2): header, then "o", "r" and "m" events;
 * standard error becomes "o"; keystrokes are left out; without a terminal, lines get their carriage returns. Bytes that are not UTF-8 become U+FFFD.
 */
export async function* asciicast({
  header,
  chunks,
  durationMs,
}: {
  readonly header: RecordingHeader;
  readonly chunks: AsyncIterable<Chunk>;
  readonly durationMs?: number;
}): AsyncGenerator<string> {
  const { width, height, title, startedAt, term } = header;
  yield line({
    version: 2,
    width,
    height,
    timestamp: Math.floor(Date.parse(startedAt) / 1000),
    duration: durationMs === undefined ? undefined : durationMs / 1000,
    title,
    env: { TERM: typeof term === "string" ? term : "xterm-256color" },
  });
  // One decoder for each stream: a character may be split over chunks of one while the other writes between.
  const decoders = { o: createDecoder(), e: createDecoder() };
  let time = 0;
  for await (const { kind, time: at, bytes } of chunks) {
    time = at / 1e6;
    if (kind === "o" || kind === "e") {
      const text = decoders[kind].decode(header.terminal === false ? terminalLines(bytes) : bytes, { stream: true });
      if (text !== "") yield line([time, "o", text]);
    } else if (kind === "r" || kind === "m") {
      yield line([time, kind, bytes.toString("utf8")]);
    }
  }
  for (const decoder of Object.values(decoders)) {
    const rest = decoder.decode();
    if (rest !== "") yield line([time, "o", rest]);
  }
}

/** Bytes of a command without a terminal as a terminal shows them: LF becomes CR LF. */
export const terminalLines = (bytes: Buffer): Buffer =>
  Buffer.from(bytes.toString("latin1").replace(/\r?\n/g, "\r\n"), "latin1");

const createDecoder = () => new TextDecoder("utf-8", { ignoreBOM: true });
const line = (value: unknown): string => `${JSON.stringify(value)}\n`;
