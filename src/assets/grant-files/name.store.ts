import { sql } from "kysely";
import type { Db } from "../../db/index.ts";
import type { Side } from "../grants/grant.store.ts";

const DEEPEST = 32;

/** Ids by the names that were asked for; what is not there has none. */
export type Found = ReadonlyMap<string, string>;

const toMap = ({ rows }: { rows: readonly { key: string; value: string }[] }): Found =>
  new Map(rows.map(({ key, value }) => [key, value]));

/** Groups or assets of the organization by name. */
export async function idsByName(
  db: Db,
  orgId: string,
  table: "user_group" | "asset",
  names: readonly string[],
): Promise<Found> {
  if (names.length === 0) return new Map();
  return toMap(
    await sql<{ key: string; value: string }>`
      select w.name as key, t.id as value from unnest(${names}::text[]) as w(name)
      join ${sql.table(table)} t on t.org_id = ${orgId} and t.sort_name = lower(w.name)`.execute(db),
  );
}

/** Members of the organization by login name. */
export async function idsByLoginName(db: Db, orgId: string, names: readonly string[]): Promise<Found> {
  if (names.length === 0) return new Map();
  return toMap(
    await sql<{ key: string; value: string }>`
      select w.name as key, u.id as value from unnest(${names}::text[]) as w(name)
      join users u on lower(u.login_name) = lower(w.name)
      join membership m on m.org_id = ${orgId} and m.user_id = u.id`.execute(db),
  );
}

export const keyOf = (path: readonly string[]): string => JSON.stringify(path);

/** Nodes of the organization by path from the root down, a level at a time. */
export async function idsByPath(db: Db, orgId: string, paths: readonly (readonly string[])[]): Promise<Found> {
  const root = await db
    .selectFrom("node")
    .select("id")
    .where("org_id", "=", orgId)
    .where("parent_id", "is", null)
    .executeTakeFirst();
  const known = new Map<string, string>(root && paths.length > 0 ? [[keyOf([]), root.id]] : []);
  const deepest = Math.min(DEEPEST, Math.max(0, ...paths.map((path) => path.length)));
  for (let depth = 1; depth <= deepest; depth++) {
    const wanted = new Map<string, { parent: string; name: string }>();
    for (const path of paths) {
      const parent = path.length >= depth && known.get(keyOf(path.slice(0, depth - 1)));
      if (parent) wanted.set(keyOf(path.slice(0, depth)), { parent, name: path[depth - 1] ?? "" });
    }
    const nodes = [...wanted.values()];
    const { rows } = await sql<{ key: string; value: string }>`
      select w.key, n.id as value
      from unnest(${[...wanted.keys()]}::text[], ${nodes.map(({ parent }) => parent)}::uuid[],
        ${nodes.map(({ name }) => name)}::text[]) as w(key, parent_id, name)
      join node n on n.org_id = ${orgId} and n.parent_id = w.parent_id and n.sort_name = lower(w.name)`.execute(db);
    for (const { key, value } of rows) known.set(key, value);
  }
  return known;
}

export async function loginNamesById(db: Db, ids: readonly string[]): Promise<Found> {
  return toMap(
    await sql<{ key: string; value: string }>`
      select id as key, login_name as value from users where id = any(${ids}::uuid[])`.execute(db),
  );
}

/** The names from the root down, which is left out. */
export async function pathsById(
  db: Db,
  orgId: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const { rows } = await sql<{ id: string; names: string[] }>`
    select c.descendant_id as id, json_agg(a.name order by c.depth desc) as names
    from node_closure c join node a on a.org_id = c.org_id and a.id = c.ancestor_id
    where c.org_id = ${orgId} and c.descendant_id = any(${ids}::uuid[]) group by c.descendant_id`.execute(db);
  return new Map(rows.map(({ id, names }) => [id, names.slice(1)]));
}

/** The sides of rules that name more than so many, as "grant id, side". */
export async function overfullSides(
  db: Db,
  orgId: string,
  grantIds: readonly string[],
  most: number,
): Promise<ReadonlySet<string>> {
  const side = (key: Side, table: "grant_user" | "grant_group" | "grant_asset" | "grant_node") => sql`
    select grant_id::text || ${` ${key}`} as key from ${sql.table(table)}
    where org_id = ${orgId} and grant_id = any(${grantIds}::uuid[]) group by grant_id having count(*) > ${most}`;
  const sides = [
    side("userIds", "grant_user"),
    side("groupIds", "grant_group"),
    side("assetIds", "grant_asset"),
    side("nodeIds", "grant_node"),
  ];
  const { rows } = await sql<{ key: string }>`${sql.join(sides, sql` union all `)}`.execute(db);
  return new Set(rows.map(({ key }) => key));
}
