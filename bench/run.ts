import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { createAudit, loadSigningKey } from "../src/audit/index.ts";
import { type Actor, type Context, endpoint, Id, Name, newId, run, systemClock } from "../src/core/index.ts";
import { createDatabase, createRuntime, type Database, type Db, migrate, serve } from "../src/db/index.ts";
import { discardEmbedded, startEmbedded } from "../src/db/index.ts";
import type { Rows } from "./report.ts";

const AT_ONCE = 16;
/** Pairs, each in the other order than the one before; the ratio is the median of theirs, for machines get slower and faster. */
const ROUNDS = 12;
const ROUND_MS = 2_000;
const GOAL = 0.7;

const orgId = newId();
const actor: Actor = {
  kind: "person",
  id: newId(),
  name: "Bench",
  orgId,
  address: "127.0.0.1",
  via: "console",
  permissions: new Set(["group.create"]),
  signInId: null,
};

const createGroup = serve(
  endpoint({
    route: "POST /groups",
    name: "group.create",
    title: "Create a group",
    input: z.object({ name: Name }),
    output: z.object({ id: Id, name: Name }),
  }),
  {
    access: "granted",
    async run({ db, about }: Context<Db>, { name }) {
      const id = newId();
      await db.insertInto("user_group").values({ id, org_id: orgId, name }).execute();
      about({ kind: "group", id, name });
      return { id, name };
    },
  },
);

/** Writes through run(), 16 at once, with audit and sealing and without, in turns on one embedded database that syncs. */
export async function bench(): Promise<Rows> {
  const directory = await mkdtemp(join(tmpdir(), "bench-run-"));
  const state = join(directory, "postgres");
  const embedded = await startEmbedded({ directory: state, log: () => {} });
  const database = createDatabase({ ...embedded.connection, max: AT_ONCE + 2 });
  try {
    await migrate({ address: embedded.connection });
    await database.db.insertInto("organization").values({ id: orgId, name: "bench" }).execute();
    return await measure(database, directory);
  } finally {
    await database.close();
    await embedded.stop();
    await discardEmbedded(state);
    await rm(directory, { recursive: true, force: true });
  }
}

async function measure(database: Database, directory: string): Promise<Rows> {
  const audit = createAudit({
    database,
    now: systemClock,
    signingKey: await loadSigningKey(join(directory, "keys")),
    checkpointFile: join(directory, "checkpoints.jsonl"),
    log: (message, error) => process.stderr.write(`${message}: ${String(error)}\n`),
  });
  const plain = createRuntime({ database, now: systemClock, record: async () => {} });
  const audited = createRuntime({ database, now: systemClock, record: audit.record });
  const rates: { plain: number; audited: number }[] = [];
  const sides = {
    plain: () => rate(plain),
    audited: () => rate(audited, (signal) => audit.startSealing(signal)),
  };
  await sides.plain();
  await sides.audited();
  for (let round = 0; round < ROUNDS; round++) {
    const pair = { plain: 0, audited: 0 };
    const order = ["plain", "audited"] as const;
    for (const side of round % 2 === 0 ? order : order.toReversed()) pair[side] = await sides[side]();
    rates.push(pair);
  }
  const verdict = await audit.verify();
  if (!verdict.good || verdict.unsealed > 0) throw new Error(`The trail does not verify: ${verdict.problems[0]?.what}`);
  const ratio = median(rates.map((round) => round.audited / round.plain));
  const title = `writes through run(), ${AT_ONCE} at once`;
  const none = { ratio: null, of: null, goal: null, pass: null };
  return [
    { measure: `${title}, without audit`, value: median(rates.map((round) => round.plain)), unit: "writes/s", ...none },
    {
      measure: `${title}, audited and sealed`,
      value: median(rates.map((round) => round.audited)),
      unit: "writes/s",
      ratio,
      of: "the same without audit",
      goal: `at least ${GOAL}`,
      pass: ratio >= GOAL,
    },
  ];
}

/** Writes per second. What runs beside them has the same time to end: an audited write is done when it is sealed. */
async function rate(
  runtime: ReturnType<typeof createRuntime>,
  beside: (signal: AbortSignal) => Promise<void> = async () => {},
): Promise<number> {
  const stop = new AbortController();
  const start = performance.now();
  const ended = beside(stop.signal);
  const until = start + ROUND_MS;
  let done = 0;
  const writer = async (): Promise<void> => {
    while (performance.now() < until) {
      await run(runtime, createGroup, actor, { name: newId() });
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, writer));
  stop.abort();
  await ended;
  return (done / (performance.now() - start)) * 1000;
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;
