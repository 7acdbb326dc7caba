import { createHash } from "node:crypto";
import type { CompiledQuery, QueryResult, RawBuilder } from "kysely";
import type { Db } from "./handle.ts";

const names = new Map<string, string>();

/**
 * Runs a statement that each connection plans once, by its text: for one that is asked many times a second and takes
 * longer to plan than to run. Its text must not depend on the input, and one plan must do for all its parameters.
 */
export async function prepared<R>(db: Db, statement: RawBuilder<R>): Promise<QueryResult<R>> {
  const query = statement.compile(db);
  // pg takes the name of a prepared statement beside its text.
  const sql = { text: query.sql, name: nameOf(query.sql) } as unknown as string;
  const named: CompiledQuery<R> = { ...query, sql };
  return db.executeQuery(named);
}

function nameOf(text: string): string {
  const known = names.get(text);
  if (known) return known;
  const name = createHash("sha256").update(text).digest("hex").slice(0, 32);
  names.set(text, name);
  return name;
}
