export { type RecordingsVerdict, verifyAnchors, watchAnchors } from "./anchors.ts";
export * from "./events/index.ts";
export * from "./recordings/index.ts";
export * from "./schema.ts";
export * from "./stores/index.ts";
