import { z } from "zod";
import { type AnyAction, Done, endpoint, Fault, Id, plain, run, type Runtime, unaudited } from "../../core/index.ts";
import { type Db, serve } from "../../db/index.ts";
import { systemActor } from "../../iam/index.ts";

/** What is written down of a recording that is in the store. */
export interface StoredRecording {
  readonly id: string;
  readonly complete: boolean;
  readonly chunks: number;
  readonly bytes: number;
  readonly durationMs: number;
  /** SHA-256 of the signed manifest as it is stored, in hex. */
  readonly manifest: string;
}

const Count = plain(z.number().int().min(0));

/** Not mounted: the program itself calls it. `audit verify --recordings` reads the event. */
const sealRecording = endpoint({
  route: "POST /recordings/:id/seal",
  name: "recording.seal",
  title: "Write down that a recording is in the store, and the hash of its manifest",
  input: z.object({
    id: Id,
    complete: plain(z.boolean()),
    chunks: Count,
    bytes: Count,
    durationMs: Count,
    manifest: plain(z.string().regex(/^[0-9a-f]{64}$/)),
  }),
  output: Done,
});

const seal = serve(sealRecording, {
  access: "granted",
  async run({ db, actor, about }, { id, complete, bytes, durationMs }) {
    const row = await db
      .updateTable("session")
      .set({
        recording_state: "stored",
        recording_complete: complete,
        recording_bytes: bytes,
        recording_ms: durationMs,
      })
      .where("org_id", "=", actor.orgId)
      .where("id", "=", id)
      .where("recording_state", "!=", "stored")
      .returning(["account_name", "asset_name"])
      .executeTakeFirst();
    if (!row) throw unaudited(new Fault("conflict", "The recording was written down already."));
    about({ kind: "session", id, name: `${row.account_name}@${row.asset_name}` });
    return {};
  },
});

/**
 * Marks the session's recording as stored and anchors its manifest in the audit trail, both in one transaction and once,
 * however often it is called. A recording without a session's row is left alone.
 */
export async function recordingStored(runtime: Runtime<Db>, recording: StoredRecording): Promise<void> {
  const row = await runtime.db
    .selectFrom("session")
    .select(["org_id", "recording_state"])
    .where("id", "=", recording.id)
    .executeTakeFirst();
  if (!row || row.recording_state === "stored") return;
  const input = { ...recording, durationMs: Math.round(recording.durationMs) };
  await run(runtime, seal as AnyAction<Db>, systemActor(row.org_id), input).catch((error: unknown) => {
    if (!(error instanceof Fault && error.code === "conflict")) throw error;
  });
}
