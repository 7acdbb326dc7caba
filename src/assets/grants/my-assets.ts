import { sql } from "kysely";
import { jsonArrayFrom } from "kysely/helpers/postgres";
import type { z } from "zod";
import { type Actor, Fault } from "../../core/index.ts";
import { type Db, page, serve } from "../../db/index.ts";
import { nodesOfAsset } from "../inventory/asset.store.ts";
import { accountSide } from "./decision.ts";
import { marksOf, UNMARKED } from "../marks/mark.store.ts";
import { type Facts, factsOf } from "./decision.store.ts";
import { evaluate } from "./evaluate.ts";
import { type ReachFilter, reachedPage, reachOf } from "./reach.store.ts";
import { countsBelow } from "./reach-counts.store.ts";
import * as schema from "./schema.ts";
import type { ReachableAsset } from "./schema.ts";

const person = (actor: Actor): { orgId: string; userId: string } => {
  if (!actor.id || !actor.orgId) throw new Fault("unauthenticated", "Sign in first.");
  return { orgId: actor.orgId, userId: actor.id };
};

const details = (db: Db, orgId: string, ids: readonly string[]) =>
  db
    .selectFrom("asset")
    .where("asset.org_id", "=", orgId)
    .where(sql<boolean>`asset.id = any(${ids}::uuid[])`)
    .orderBy("asset.sort_name")
    .orderBy("asset.id")
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

type Candidate = Awaited<ReturnType<ReturnType<typeof details>["executeTakeFirstOrThrow"]>>;

/** What a person may reach, a page at a time: six queries at most, however long the page. */
export async function myAssets(
  db: Db,
  actor: Actor,
  filter: ReachFilter,
  now: Date,
): Promise<{ items: ReachableAsset[]; next: string | null }> {
  const { orgId, userId } = person(actor);
  const found = await reachedPage(db, await reachOf(db, orgId, userId, now), filter);
  const assets = await details(db, orgId, found.ids).execute();
  const subjects = assets.flatMap((asset) =>
    asset.accounts.map((account) => ({ orgId, userId, assetId: asset.id, accountId: account.id })),
  );
  const bare = assets.map(({ id: assetId }) => ({ orgId, userId, assetId, accountId: null }));
  const facts = await factsOf(db, [...subjects, ...bare], now);
  const byAccount = new Map(subjects.map((subject, index) => [subject.accountId, facts[index] ?? null]));
  const marks = await marksOf(db, { orgId, userId }, found.ids);
  const items = assets.map((asset, index) => ({
    ...asset,
    ...(marks.get(asset.id) ?? UNMARKED),
    accounts: accountsIn(asset, byAccount, now),
    virtualAccounts: virtualIn(asset, facts[subjects.length + index] ?? null, now),
  }));
  return { items, next: found.next };
}

function accountsIn(asset: Candidate, facts: ReadonlyMap<string, Facts | null>, now: Date): ReachableAsset["accounts"] {
  return asset.accounts.flatMap((account) => {
    const actions = allowedActions(facts.get(account.id) ?? null, asset, now);
    return actions.includes("connect") ? [{ ...account, actions }] : [];
  });
}

function virtualIn(asset: Candidate, facts: Facts | null, now: Date): ReachableAsset["virtualAccounts"] {
  return schema.VirtualAccount.options.flatMap((kind) => {
    const actions = allowedActions(facts, asset, now, kind);
    return actions.includes("connect") ? [{ kind, actions }] : [];
  });
}

function allowedActions(
  facts: Facts | null,
  asset: Candidate,
  now: Date,
  virtual?: schema.VirtualAccount,
): z.output<typeof schema.GrantAction>[] {
  const side = facts && accountSide(facts, virtual);
  if (!side) return [];
  const all = asset.protocols.flatMap(({ kind }) => [
    ...evaluate(facts.rules, { ...side, protocol: kind, now: now.getTime() }).actions.keys(),
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
  const counts = countsBelow(await reachOf(db, orgId, userId, now), filter.parentId);
  const query = db
    .selectFrom("node")
    .innerJoin(sql<{ id: string; assets: number }>`(${counts})`.as<"reached">(sql`reached`), "reached.id", "node.id")
    .where("node.org_id", "=", orgId)
    .select([
      "node.id",
      "node.parent_id as parentId",
      "node.name",
      "reached.assets",
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
