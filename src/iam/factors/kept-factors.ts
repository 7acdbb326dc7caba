import type { Db } from "../../db/index.ts";
import type { OwnFactor } from "../schema.ts";
import type { Factors } from "./index.ts";
import { FEW_RECOVERY_CODES, recoveryCodesOf } from "./recovery-code.ts";

/** What a person has, as lists show it; no secrets. */
export async function factorsOf(factors: Factors, db: Db, userId: string) {
  const found: OwnFactor[] = [];
  for (const { kind, title, kept } of factors.list()) {
    for (const { id, name, createdAt, usedAt } of (await kept?.list(db, userId)) ?? []) {
      found.push({ kind, title, id, name, createdAt: createdAt.toISOString(), usedAt: usedAt?.toISOString() ?? null });
    }
  }
  const codes = await recoveryCodesOf(db, userId);
  return { factors: found, recoveryCodes: codes && { ...codes, few: codes.left <= FEW_RECOVERY_CODES } };
}

/** Forgets all of it, recovery codes too; how many things that were. */
export async function forgetFactors(factors: Factors, db: Db, userId: string): Promise<number> {
  let gone = 0;
  for (const { kept } of factors.list()) gone += (await kept?.forget(db, userId)) ?? 0;
  return gone;
}
