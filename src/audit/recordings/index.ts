export { createRecordingWriter, type RecordingSummary, type RecordingWriter, type RecordingWriterOptions } from "./writer.ts";
export type { Unwrap, Wrap } from "./keys.ts";
export * from "./schema.ts";
