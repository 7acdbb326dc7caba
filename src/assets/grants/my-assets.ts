import { sql } from "kysely";
import { jsonArrayFrom } from "kysely/helpers/postgres";
import type { z } from "zod";
import { type Actor, Fault } from "../../core/index.ts";
import { containing, type Db, page, serve } from "../../db/index.ts";
import { isBelowNode, nodesOfAsset } from "../inventory/asset.store.ts";
import { type Facts, factsOf, reachableAssets } from "./decision.store.ts";
import { evaluate } from "./evaluate.ts";
import * as schema from "./schema.ts";
import type { ReachableAsset } from "./schema.ts";

interface Filter {
  search?: string | undefined;
  /** Exactly this name, address or id. */
  called?: string | undefined;
  nodeId?: string | undefined;
  limit: number;
  cursor?: string | undefined;
}

const person = (actor: Actor): { orgId: string; userId: string } => {
  if (!actor.id || !actor.orgId) throw new Fault("unauthenticated", "Sign in first.");
  return { orgId: actor.orgId, userId: actor.id };
};

const candidates = (db: Db, orgId: string, userId: string, now: Date) =>
  db
    .selectFrom("asset")
    .where("asset.org_id", "=", orgId)
    .where("asset.active", "=", true)
    .where(sql<boolean>`asset.id in (${reachableAssets(orgId, userId, now)})`)
    .select((row) => [
      "asset.id",
      "asset.name",
      "asset.host",
      "asset.comment",
      nodesOfAsset().as("nodes"),
      jsonArrayFrom(
        row
          .selectFrom("asset_protocol as p")
          .whereRef("p.org_id", "=", "asset.org_id")
          .whereRef("p.asset_id", "=", "asset.id")
          .select(["p.kind", "p.port"])
          .orderBy("p.kind"),
      ).as("protocols"),
      jsonArrayFrom(
        row
          .selectFrom("account")
          .whereRef("account.org_id", "=", "asset.org_id")
          .whereRef("account.asset_id", "=", "asset.id")
          .where("account.active", "=", true)
          .select(["account.id", "account.name", "account.username"])
          .orderBy("account.sort_name")
          .limit(200),
      ).as("accounts"),
    ]);

type Candidate = Awaited<ReturnType<ReturnType<typeof candidates>["executeTakeFirstOrThrow"]>>;

/** What a person may reach, a page at a time: three queries, however long the page. */
export async function myAssets(
  db: Db,
  actor: Actor,
  filter: Filter,
  now: Date,
): Promise<{ items: ReachableAsset[]; next: string | null }> {
  const { orgId, userId } = person(actor);
  let query = candidates(db, orgId, userId, now);
  if (filter.nodeId) query = query.where(isBelowNode(filter.nodeId));
  if (filter.called) {
    const called = filter.called.toLowerCase();
    query = query.where(
      sql<boolean>`(asset.sort_name = ${called} or lower(asset.host) = ${called} or asset.id::text = ${called})`,
    );
  }
  if (filter.search) {
    const pattern = containing(filter.search);
    query = query.where((row) =>
      row.or([
        row("asset.name", "ilike", pattern),
        row("asset.host", "ilike", pattern),
        row("asset.comment", "ilike", pattern),
      ]),
    );
  }
  const found = await page(query, {
    by: "asset.sort_name",
    id: "asset.id",
    limit: filter.limit,
    cursor: filter.cursor,
  });
  const assets = found.items as Candidate[];
  const subjects = assets.flatMap((asset) =>
    asset.accounts.map((account) => ({ orgId, userId, assetId: asset.id, accountId: account.id })),
  );
  const facts = await factsOf(db, subjects, now);
  const byAccount = new Map(subjects.map((subject, index) => [subject.accountId, facts[index] ?? null]));
  return { items: assets.map((asset) => withAccounts(asset, byAccount, now)), next: found.next };
}

function withAccounts(asset: Candidate, facts: ReadonlyMap<string, Facts | null>, now: Date): ReachableAsset {
  const accounts = asset.accounts.flatMap((account) => {
    const known = facts.get(account.id);
    const actions = known ? allowedActions(known, asset, now) : [];
    return actions.includes("connect") ? [{ ...account, actions }] : [];
  });
  return { ...asset, accounts };
}

function allowedActions(facts: Facts, asset: Candidate, now: Date): z.output<typeof schema.GrantAction>[] {
  const { accountName, loginName, rules } = facts;
  const all = asset.protocols.flatMap(({ kind }) => [
    ...evaluate(rules, { accountName, loginName, protocol: kind, now: now.getTime() }).actions.keys(),
  ]);
  return [...new Set(all)];
}

/** The children of a node below which the person reaches something, with how much. */
async function myNodes(
  db: Db,
  actor: Actor,
  filter: { parentId?: string | undefined; limit: number; cursor?: string | undefined },
  now: Date,
) {
  const { orgId, userId } = person(actor);
  const reached = sql`(select count(distinct an.asset_id)::int from node_closure c
    join asset_node an on an.org_id = c.org_id and an.node_id = c.descendant_id
    join asset on asset.org_id = an.org_id and asset.id = an.asset_id and asset.active
    where c.org_id = ${orgId} and c.ancestor_id = node.id and an.asset_id in (${reachableAssets(orgId, userId, now)}))`;
  const query = db
    .selectFrom("node")
    .where("node.org_id", "=", orgId)
    .where("node.parent_id", filter.parentId ? "=" : "is", filter.parentId ?? null)
    .where(sql<boolean>`${reached} > 0`)
    .select([
      "node.id",
      "node.parent_id as parentId",
      "node.name",
      sql<number>`${reached}`.as("assets"),
      sql<boolean>`exists (select 1 from node child where child.org_id = node.org_id and child.parent_id = node.id)`.as(
        "hasChildren",
      ),
    ]);
  return page(query, { by: "node.sort_name", id: "node.id", limit: filter.limit, cursor: filter.cursor });
}

export const myAssetActions = () => [
  serve(schema.listMyAssets, {
    access: "signed-in",
    run: ({ db, actor, now }, input) => myAssets(db, actor, input, now),
  }),
  serve(schema.listMyNodes, {
    access: "signed-in",
    run: ({ db, actor, now }, input) => myNodes(db, actor, input, now),
  }),
];
