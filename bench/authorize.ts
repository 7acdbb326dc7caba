import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ANSWERING } from "../src/core/index.ts";
import { createDatabase, discardEmbedded, migrate, startEmbedded } from "../src/db/index.ts";
import { FULL, fill, type Size, TENTH } from "../test/support/authorization-data.ts";
import type { Row, Rows } from "./report.ts";
import type { Figure } from "./support/authorize-stage.ts";

/**
 * Permission rules at full size and at a tenth of it, each on an embedded database of its own that syncs as the
 * product's does: every list, decision and change as the product calls it, from permission to audit event.
 */
export async function bench(): Promise<Rows> {
  const tenth = await measured(TENTH);
  const full = await measured(FULL);
  return [...full.map((figure, index) => row(figure, tenth[index])), ...tenth.map((figure) => row(figure))];
}

function row(figure: Figure, tenth?: Figure): Row {
  const { name, value, unit, goal, growth } = figure;
  const ratio = tenth && growth ? value / tenth.value : null;
  const wanted = [goal && `at most ${goal} ${unit}`, tenth && growth && `${growth} times a tenth`].filter(Boolean);
  const judged = wanted.length > 0 && tenth !== undefined;
  return {
    measure: tenth ? name : `a tenth: ${name}`,
    value,
    unit,
    ratio,
    of: ratio === null ? null : "a tenth",
    goal: judged ? wanted.join(", ") : null,
    pass: judged ? (goal === undefined || value <= goal) && (ratio === null || ratio <= (growth ?? 0)) : null,
  };
}

async function measured(size: Size): Promise<Figure[]> {
  const directory = await mkdtemp(join(tmpdir(), "bench-authorize-"));
  const embedded = await startEmbedded({ directory: join(directory, "postgres"), log: () => {} });
  try {
    await migrate({ address: embedded.connection });
    const owner = createDatabase({ ...embedded.connection, role: null, max: 1 });
    await fill(owner.db, size);
    await owner.close();
    const child = fork(join(import.meta.dirname, "support/authorize-process.ts"), { execArgv: [...ANSWERING] });
    child.send({ connection: embedded.connection, directory, size });
    const [said] = (await once(child, "message")) as [{ figures?: Figure[]; error?: string }];
    if (!said.figures) throw new Error(said.error);
    return said.figures;
  } finally {
    await embedded.stop();
    await discardEmbedded(directory);
  }
}
