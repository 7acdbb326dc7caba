import { sql } from "kysely";
import { type Actor, notFound } from "../../core/index.ts";
import { containing, type Db, page, serve } from "../../db/index.ts";
import { mustOutrank } from "../roles/role.ts";
import * as schema from "../schema.ts";

/** Waits that last; `orgId`: only of members of the organization. */
function blocks(db: Db, orgId: string | null) {
  const all = db
    .selectFrom("sign_in_brake")
    .leftJoin("users", (on) =>
      on.on(sql<boolean>`lower(users.login_name) = split_part(sign_in_brake.login_name, '/', 1)`),
    )
    .where("sign_in_brake.blocked_until", ">", sql<Date>`now()`)
    .select([
      "sign_in_brake.id",
      "sign_in_brake.login_name as key",
      "sign_in_brake.address",
      "sign_in_brake.failures",
      "sign_in_brake.last_failure_at as lastFailureAt",
      sql<Date>`sign_in_brake.blocked_until`.as("until"),
      "users.id as userId",
      "users.name as userName",
      "users.login_name as loginName",
    ]);
  if (orgId === null) return all;
  return all.where(sql<boolean>`exists (select from membership m where m.user_id = users.id and m.org_id = ${orgId})`);
}

type Row = Awaited<ReturnType<ReturnType<typeof blocks>["executeTakeFirstOrThrow"]>>;

function kindOf(key: string): schema.SignInBlock["kind"] {
  if (key === "") return "address";
  if (!key.includes("/")) return "password";
  return key.endsWith("/second-factor") ? "second-factor" : "other";
}

const toBlock = (row: Row): schema.SignInBlock => ({
  id: row.id,
  kind: kindOf(row.key),
  loginName: row.loginName ?? (row.key.split("/")[0] || null),
  user: row.userId && row.userName ? { id: row.userId, name: row.userName } : null,
  address: row.address === "*" ? null : row.address,
  failures: row.failures,
  lastFailureAt: row.lastFailureAt.toISOString(),
  until: row.until.toISOString(),
});

async function list(
  db: Db,
  orgId: string | null,
  { search, cursor, limit }: { search?: string | undefined; cursor?: string | undefined; limit: number },
) {
  let query = blocks(db, orgId);
  if (search) {
    const pattern = containing(search);
    query = query.where((row) =>
      row.or([row("sign_in_brake.login_name", "ilike", pattern), row("sign_in_brake.address", "ilike", pattern)]),
    );
  }
  const paging = {
    by: "sign_in_brake.last_failure_at",
    id: "sign_in_brake.id",
    direction: "desc",
    limit,
    cursor,
  } as const;
  const { items, next } = await page(query, paging);
  return { items: items.map(toBlock), next };
}

interface Tools {
  readonly db: Db;
  readonly actor: Actor;
  about(target: { kind: string; id: string; name: string }): void;
}

async function lift({ db, actor, about }: Tools, id: string, orgId: string | null): Promise<Record<string, never>> {
  const row = await blocks(db, orgId).where("sign_in_brake.id", "=", id).executeTakeFirst();
  if (!row) throw notFound("block");
  about({ kind: "sign-in-block", id, name: [row.key, row.address].filter(Boolean).join(" ") });
  if (row.userId) await mustOutrank(db, actor, row.userId);
  await db.deleteFrom("sign_in_brake").where("id", "=", id).execute();
  return {};
}

/** Waits of the brake: of members of the organization, and of the whole site. */
export const signInBlockActions = () => [
  serve(schema.listSignInBlocks, {
    access: "granted",
    run: ({ db, actor }, input) => list(db, actor.orgId ?? "", input),
  }),
  serve(schema.listSiteSignInBlocks, { access: "granted", run: ({ db }, input) => list(db, null, input) }),
  serve(schema.liftSignInBlock, {
    access: "granted",
    run: (tools, { id }) => lift(tools, id, tools.actor.orgId ?? ""),
  }),
  serve(schema.liftSiteSignInBlock, { access: "granted", run: (tools, { id }) => lift(tools, id, null) }),
];
