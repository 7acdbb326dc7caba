import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { z } from "zod";
import { assetSettings, createAssets } from "../../src/assets/index.ts";
import { createAudit, loadSigningKey } from "../../src/audit/index.ts";
import { run, systemClock } from "../../src/core/index.ts";
import { createRuntime, createSealer, type Database } from "../../src/db/index.ts";
import { createPlatform } from "../../src/platform/index.ts";
import { parsePrivateKey, protocols } from "../../src/protocols/index.ts";
import { HEAVIEST, type Size } from "../../test/support/authorization-data.ts";
import { changes } from "./authorize-changes.ts";
import { decisions, lists, reverse } from "./authorize-reads.ts";
import { revocation } from "./authorize-revocation.ts";
import { type Call, type Figure, person, type Stage } from "./authorize-stage.ts";

const CALLS = 100;
const WRITES = 20;

/** Everything once to get warm, then for its figures. */
export async function measure(deps: { database: Database; directory: string; size: Size }): Promise<Figure[]> {
  const stage = await stageOf(deps);
  await everything(stage, 5);
  const before = memory();
  const figures = await everything(stage, CALLS);
  const grown = Math.max(0, memory() - before);
  return [...figures, { name: "memory of the server, growth", value: grown, unit: "MB", goal: 100 }];
}

async function stageOf(deps: { database: Database; directory: string; size: Size }): Promise<Stage> {
  const { database, directory, size } = deps;
  const audit = createAudit({
    database,
    now: systemClock,
    signingKey: await loadSigningKey(directory),
    checkpointFile: join(directory, "checkpoints"),
    log: () => {},
  });
  const runtime = createRuntime({ database, now: systemClock, record: audit.record });
  const sealer = createSealer({ masterKeys: { current: Buffer.alloc(32, 7) } });
  const openPrivateKey = (text: string, passphrase?: string) => parsePrivateKey(text, passphrase).getPrivatePEM();
  const platform = createPlatform({ database, runtime, sealer, settings: assetSettings, say: () => {} });
  const { actions } = createAssets({ sealer, runtime, platform, protocols, openPrivateKey });
  const call: Call = async (actor, endpoint, input) => {
    const action = actions.find((one) => one.endpoint === endpoint);
    if (!action) throw new Error(`No action keeps ${endpoint.name}`);
    return (await run(runtime, action, actor, input)) as z.output<typeof endpoint.output>;
  };
  const permissions = new Set(actions.map(({ endpoint }) => endpoint.name));
  return { database, db: database.db, size, call, admin: { ...person(HEAVIEST), permissions } };
}

async function everything(stage: Stage, calls: number): Promise<Figure[]> {
  return [
    ...(await decisions(stage, calls)),
    ...(await lists(stage, calls)),
    ...(await reverse(stage, calls)),
    ...(await changes(stage, Math.min(calls, WRITES))),
    await revocation(stage),
  ];
}

/** What stays when the garbage is gone, in MB of the whole process. */
function memory(): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
  return process.memoryUsage.rss() / 2 ** 20;
}
