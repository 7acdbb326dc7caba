import type { Kysely, Transaction } from "kysely";
import type { Tables } from "./tables.ts";

/** What stores receive: the pool's handle, or the transaction they run in. */
export type Db = Kysely<Tables> | Transaction<Tables>;
