import { Fault } from "../../core/index.ts";
import type { Factor, FactorContext } from "../factors/factor.ts";
import { BY_SECOND_FACTOR, clearAttempts, countAttempt } from "./brake.ts";

/** What wrong second factors are counted under; a slash is in no login name. */
const braked = ({ user }: FactorContext): string => `${user.loginName}/second-factor`;

/** Whether the answer is right, whichever way it came in. Counted first: Fault `too_many` costs no question. */
export async function answerIsRight(
  factor: Factor,
  context: FactorContext,
  { answer, recall }: { readonly answer: string; recall(): Promise<unknown> },
): Promise<boolean> {
  const { db, address } = context;
  await countAttempt(db, braked(context), address, { byName: BY_SECOND_FACTOR });
  if (!(await factor.verify(context, answer, await recall()))) return false;
  await clearAttempts(db, braked(context), address);
  return true;
}

export const wrongFactor = (): Fault =>
  new Fault("unauthenticated", "That is not right. Try again, or choose another way.");
