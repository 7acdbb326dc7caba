import type { Occurrence } from "../../core/index.ts";
import type { Database, Db } from "../../db/index.ts";
import { readCheckpointFile, createCheckpointFile } from "./checkpoint-file.ts";
import { auditEventActions } from "./events.ts";
import { record } from "./record.ts";
import { sealAll, startSealing } from "./sealer.ts";
import type { SigningKey } from "./signing-key.ts";
import { withTrail } from "./trail.ts";
import { type Verdict, verifyTrail } from "./verify.ts";

export { exportLines, readExport } from "./export.ts";
export { readCheckpointFile } from "./checkpoint-file.ts";
export { keyIdOf, loadPublicKey, loadSigningKey, type SigningKey } from "./signing-key.ts";
export { type TrailItem, withTrail } from "./trail.ts";
export { type Problem, type Verdict, verifyTrail } from "./verify.ts";

/** What the audit trail needs. */
export interface AuditDeps {
  readonly database: Pick<Database, "db" | "transaction">;
  readonly now: () => Date;
  /** Null where events are only recorded: such a process has no business with the key. */
  readonly signingKey: SigningKey | null;
  /** Path of the local copy of the checkpoints; made when the first is signed. */
  readonly checkpointFile: string;
  readonly log: (message: string, error?: unknown) => void;
}

/**
 * The audit trail. `record` writes one event in the transaction of the change it tells of; `startSealing` links
 * committed events into the signed chain until the signal (its promise resolves after a last pass); `verify` proves
 * the whole trail. Throws nothing itself.
 */
export function createAudit(deps: AuditDeps) {
  const checkpointFile = createCheckpointFile(deps.checkpointFile);
  const sealing = () => ({ ...deps, checkpointFile, signingKey: required(deps.signingKey) });
  return {
    record: (db: Db, occurrence: Occurrence): Promise<void> => record(db, occurrence, deps.now()),
    actions: auditEventActions,
    startSealing: (signal: AbortSignal): Promise<void> => startSealing(sealing(), signal),
    /** Links what waits now; returns how many events, 0 while another process does it. */
    seal: (): Promise<number> => sealAll(sealing()),
    async verify(): Promise<Verdict> {
      const expected = await readCheckpointFile(deps.checkpointFile);
      return withTrail(deps.database, (items) =>
        verifyTrail(items, { publicKey: required(deps.signingKey).publicKey, expected }),
      );
    },
  };
}

function required(key: SigningKey | null): SigningKey {
  if (key) return key;
  throw new Error("This process was given no signing key");
}

/** The audit trail as the program wires it. */
export type Audit = ReturnType<typeof createAudit>;
