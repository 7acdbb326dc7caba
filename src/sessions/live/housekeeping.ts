import type { Runtime } from "../../core/index.ts";
import type { Db } from "../../db/index.ts";
import { systemActor } from "../../iam/index.ts";
import { dropOldTickets } from "../control/ticket.store.ts";
import { forgetDeadGateways, type Orphan, orphanedSessions } from "./gateway.store.ts";
import { endSession } from "./life.ts";

const EVERY_MS = 2000;

/** Writes the end of sessions that nobody holds any more. */
export async function endOrphans(runtime: Runtime<Db>, orphans: readonly Orphan[], detail: string): Promise<void> {
  for (const { id, orgId, assetName } of orphans) {
    await endSession(runtime, systemActor(orgId), {
      id,
      title: assetName,
      reason: "gateway_lost",
      detail,
      exitCode: null,
      bytes: 0,
      recorded: true,
    });
  }
}

/** Ends the rows of sessions whose gateway died, and clears what nobody used. */
async function tidy(runtime: Runtime<Db>): Promise<void> {
  await endOrphans(runtime, await orphanedSessions(runtime.db), "The gateway process died.");
  await forgetDeadGateways(runtime.db);
  await dropOldTickets(runtime.db);
}

/** Tidies every two seconds until the signal. */
export function startHousekeeping(deps: {
  runtime: Runtime<Db>;
  signal: AbortSignal;
  failed: (error: unknown) => void;
}): void {
  const { runtime, signal, failed } = deps;
  let timer: NodeJS.Timeout | undefined;
  const round = async (): Promise<void> => {
    await tidy(runtime).catch(failed);
    if (!signal.aborted) timer = setTimeout(() => void round(), EVERY_MS);
  };
  signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
  void round();
}
