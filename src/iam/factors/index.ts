import { registry } from "../../core/index.ts";
import type { Factor, FactorDeps } from "./factor.ts";
import { mailedCodeFactor } from "./mailed-code.ts";
import { passkey } from "./passkey.ts";
import { radiusFactor } from "./radius.ts";
import { recoveryCodeFactor } from "./recovery-code.ts";
import { totpFactor } from "./totp.ts";

/** The kinds of second factors, in the order in which they are offered. */
export const createFactors = (deps: FactorDeps) =>
  registry<Factor>("second factor", [
    passkey,
    totpFactor(deps),
    radiusFactor(deps),
    mailedCodeFactor(deps),
    recoveryCodeFactor(deps),
  ]);

export type Factors = ReturnType<typeof createFactors>;
