import { registry } from "../../core/index.ts";
import type { Factor } from "./factor.ts";
import { passkey } from "./passkey.ts";

/** The kinds of second factors, in the order in which they are offered. */
export const createFactors = () => registry<Factor>("second factor", [passkey]);

export type Factors = ReturnType<typeof createFactors>;
