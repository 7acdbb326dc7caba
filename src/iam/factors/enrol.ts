import type { Factor, FactorContext } from "./factor.ts";
import { makeRecoveryCodes, recoveryCodesOf } from "./recovery-code.ts";

/** Ends an enrolment; with the first factor come the recovery codes, in `once`. False: the answer was not right. */
export async function finishEnrolment(
  factor: Factor,
  context: FactorContext,
  { answer, memory }: { readonly answer: string; readonly memory: unknown },
): Promise<Readonly<Record<string, unknown>> | false> {
  const done = await factor.enrolment?.finish(context, answer, memory);
  if (!done) return false;
  const { db, user } = context;
  const has = await recoveryCodesOf(db, user.id);
  return has ? (done.once ?? {}) : { ...done.once, recoveryCodes: await makeRecoveryCodes(db, user.id) };
}
