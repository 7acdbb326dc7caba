export { asciicast, terminalLines } from "./asciicast.ts";
export type { Chunk, ChunkKind } from "./frame.ts";
export type { Unwrap, Wrap } from "./keys.ts";
export { loadManifest, openPlayback, type Playback, unwrapDataKey } from "./player.ts";
export { type OpenSpool, openSpool, type SpoolChunks, type SpoolOutcome } from "./reader.ts";
export * from "./schema.ts";
export { createSealer, type Sealer, type SealerOptions } from "./seal.ts";
export { type VerifyFinding, type VerifyOptions, type VerifyResult, verifyRecording } from "./verify.ts";
export {
  createRecordingWriter,
  type RecordingSummary,
  type RecordingWriter,
  type RecordingWriterOptions,
} from "./writer.ts";
