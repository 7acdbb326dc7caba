import { openRecording, type PlaybackChunk, readRecording } from "../../src/sessions/schema.ts";
import type { Stage } from "./stage.ts";

/** Every chunk of a stored recording, by the API that the player uses. */
export async function replay(stage: Stage, id: string): Promise<PlaybackChunk[]> {
  await stage.admin.call(openRecording, { id });
  const chunks: PlaybackChunk[] = [];
  for (let from: number | null = 0; from !== null; ) {
    const page: { chunks: PlaybackChunk[]; next: number | null } = await stage.admin.call(readRecording, { id, from });
    chunks.push(...page.chunks);
    from = page.next;
  }
  return chunks;
}

/** All output of a stored recording. */
export async function shownIn(stage: Stage, id: string): Promise<Buffer> {
  const chunks = await replay(stage, id);
  return Buffer.concat(chunks.filter(([, kind]) => kind === "o").map(([, , data]) => Buffer.from(data, "base64")));
}
