import type { Database, Db } from "../../db/index.ts";
import {
  type CheckpointRow,
  endOfWindow,
  FIRST_POSITION,
  readCheckpoints,
  readSeals,
  readUnsealed,
  type SealRow,
} from "./chain.store.ts";
import type { EventRow } from "./event-row.ts";

/** The trail in the order in which it is proved: each checkpoint after its seal, then what is not sealed yet. */
export type TrailItem =
  | { readonly kind: "seal"; readonly row: SealRow }
  | { readonly kind: "checkpoint"; readonly row: CheckpointRow }
  | { readonly kind: "unsealed"; readonly event: EventRow; readonly queued: boolean }
  /** Something in an export that cannot be read. */
  | { readonly kind: "damage"; readonly what: string };

const PAGE = 1_000;
const WINDOW = 20_000;
const FIRST_ID = "00000000-0000-0000-0000-000000000000";
const LAST_ID = "ffffffff-ffff-ffff-ffff-ffffffffffff";

/** Hands the whole trail to `work` from one snapshot of the database, a page at a time. */
export function withTrail<T>(
  database: Pick<Database, "db">,
  work: (items: AsyncIterable<TrailItem>) => Promise<T>,
): Promise<T> {
  return database.db
    .transaction()
    .setIsolationLevel("repeatable read")
    .setAccessMode("read only")
    .execute((tx) => work(readTrail(tx)));
}

/** The whole trail as `db` sees it; give it one snapshot. */
export async function* readTrail(db: Db): AsyncGenerator<TrailItem> {
  let after = FIRST_POSITION;
  for (;;) {
    const seals = await readSeals(db, after, PAGE);
    const last = seals.at(-1)?.position;
    const checkpoints = await readCheckpoints(db, after, last);
    yield* merge(seals, checkpoints);
    if (last === undefined) break;
    after = last;
  }
  yield* unsealed(db);
}

function* merge(seals: readonly SealRow[], checkpoints: readonly CheckpointRow[]): Generator<TrailItem> {
  let next = 0;
  for (const row of seals) {
    yield { kind: "seal", row };
    while (next < checkpoints.length && BigInt(checkpoints[next]!.position) <= BigInt(row.position)) {
      yield { kind: "checkpoint", row: checkpoints[next++]! };
    }
  }
  for (const row of checkpoints.slice(next)) yield { kind: "checkpoint", row };
}

async function* unsealed(db: Db): AsyncGenerator<TrailItem> {
  let after = FIRST_ID;
  for (;;) {
    const end = await endOfWindow(db, after, WINDOW);
    for (const { queued, ...event } of await readUnsealed(db, after, end ?? LAST_ID)) {
      yield { kind: "unsealed", event, queued };
    }
    if (end === null) return;
    after = end;
  }
}
