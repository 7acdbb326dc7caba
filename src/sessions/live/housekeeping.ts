import type { Runtime } from "../../core/index.ts";
import type { Db } from "../../db/index.ts";
import { systemActor } from "../../iam/index.ts";
import { dropOldTickets } from "../control/ticket.store.ts";
import { forgetDeadGateways, type Orphan, orphanedSessions } from "./gateway.store.ts";
import { endSession } from "./life.ts";
import { markRecordingLost, waitingForRecording } from "./session.store.ts";

const EVERY_MS = 2000;

interface Chores {
  readonly runtime: Runtime<Db>;
  /** Whether a recording still waits in the spool for its way into the store. */
  readonly isSpooled: (id: string) => Promise<boolean>;
}

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
async function tidy({ runtime, isSpooled }: Chores): Promise<void> {
  await endOrphans(runtime, await orphanedSessions(runtime.db), "The gateway process died.");
  await forgetDeadGateways(runtime.db);
  await dropOldTickets(runtime.db);
  for (const id of await waitingForRecording(runtime.db)) {
    if (!(await isSpooled(id))) await markRecordingLost(runtime.db, id);
  }
}

/** Tidies every two seconds until the signal. */
export function startHousekeeping(deps: Chores & { signal: AbortSignal; failed: (error: unknown) => void }): void {
  const { signal, failed } = deps;
  let timer: NodeJS.Timeout | undefined;
  const round = async (): Promise<void> => {
    await tidy(deps).catch(failed);
    if (!signal.aborted) timer = setTimeout(() => void round(), EVERY_MS);
  };
  signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
  void round();
}
