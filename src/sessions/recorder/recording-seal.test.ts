import { createHash } from "node:crypto";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Door, openDoor } from "../../../test/security/door.ts";
import { newId } from "../../core/index.ts";
import { DEFAULT_ORGANIZATION } from "../../iam/index.ts";
import { recordingStored } from "./recording-seal.ts";

let door: Door;
beforeAll(async () => void (door = await openDoor()));
afterAll(() => door.close());

const recording = {
  complete: true,
  chunks: 3,
  bytes: 42,
  durationMs: 1234.5,
  manifest: createHash("sha256").update("manifest").digest("hex"),
};

test("a stored recording is marked and anchored once, however often and at once it is told", async () => {
  const id = newId();
  await sql`insert into session (id, org_id, user_id, user_name, asset_id, asset_name, account_id, account_name, protocol, kind, via, gateway_id,
      recording_state, state, ended_at, end_reason)
    values (${id}, ${DEFAULT_ORGANIZATION}, ${newId()}, 'Ann', ${newId()}, 'box', ${newId()}, 'root', 'ssh', 'shell', 'ssh', ${newId()},
      'recording', 'ended', now(), 'closed')`.execute(door.db);
  await Promise.all([1, 2, 3].map(() => recordingStored(door.runtime, { id, ...recording })));
  await recordingStored(door.runtime, { id, ...recording });
  expect(await door.events("recording.seal")).toMatchObject([
    {
      outcome: "ok",
      target_kind: "session",
      target_id: id,
      fields: { input: { manifest: recording.manifest, complete: true, chunks: 3, bytes: 42 } },
    },
  ]);
  const { rows } = await sql`select recording_state, recording_complete, recording_bytes, recording_ms from session
    where id = ${id}`.execute(door.db);
  expect(rows).toEqual([
    { recording_state: "stored", recording_complete: true, recording_bytes: 42, recording_ms: 1235 },
  ]);
});

test("a recording without a session is left alone", async () => {
  await recordingStored(door.runtime, { id: newId(), ...recording });
  expect(await door.events("recording.seal")).toHaveLength(1);
});
