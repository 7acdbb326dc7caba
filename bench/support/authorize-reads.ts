import { sql } from "kysely";
import type { z } from "zod";
import { decide, type Request } from "../../src/assets/index.ts";
import { listAssetPeople, listMyAssets, listMyNodes, listNodes } from "../../src/assets/schema.ts";
import type { Actor } from "../../src/core/index.ts";
import { HEAVIEST, HOME, idOf } from "../../test/support/authorization-data.ts";
import { anybody, type Call, type Figure, person, type Stage, timed } from "./authorize-stage.ts";

const LIST = { goal: 25, growth: 3 };
const DECISION = { goal: 2, growth: 2 };
const REVERSE = { goal: 50, growth: 3 };

export async function decisions({ db, size, call }: Stage, calls: number): Promise<Figure[]> {
  const subject = async (actor: Actor): Promise<Request[]> => {
    const { items } = await call(actor, listMyAssets, { limit: 20 });
    const reached = items.flatMap(({ id, accounts }) => accounts.map((account) => [id, account.id] as const));
    return reached.map(([assetId, accountId]) => ({ ...question(actor), assetId, accountId }));
  };
  const question = (actor: Actor) => ({ orgId: HOME, userId: actor.id!, protocol: "ssh", action: "connect" as const });
  const ask = async (request: Request) => (await decide(db, [request], new Date()))[0]!;
  const granted: Request[] = [];
  for (let number = 0; granted.length < calls; number++)
    granted.push(...(await subject(anybody(size, number))).slice(0, 2));
  const heaviest = await subject(person(HEAVIEST));
  const must = (decision: { allowed: boolean }, allowed: boolean): void => {
    if (decision.allowed !== allowed) throw new Error(`A decision is not ${allowed}`);
  };
  return [
    await timed("one decision, yes", calls, async (n) => must(await ask(granted[n % granted.length]!), true), DECISION),
    await timed(
      "one decision, mostly no",
      calls,
      (n) => {
        const asset = (n * 104_729) % size.assets;
        const where = { assetId: idOf("asset", asset), accountId: idOf("account", asset * 2) };
        return ask({ ...question(anybody(size, n)), ...where });
      },
      DECISION,
    ),
    await timed(
      "one decision, of who reaches most",
      calls,
      async (n) => must(await ask(heaviest[n % heaviest.length]!), true),
      DECISION,
    ),
  ];
}

export async function lists({ db, size, call, admin }: Stage, calls: number): Promise<Figure[]> {
  const heaviest = person(HEAVIEST);
  const mine = (name: string, actor: (n: number) => Actor, input: (n: number) => z.input<typeof listMyAssets.input>) =>
    timed(name, calls, (n) => call(actor(n), listMyAssets, input(n)), LIST);
  const any = (n: number) => anybody(size, n);
  const most = () => heaviest;
  const far = await cursorAt(call, heaviest, 20);
  const one = (n: number) => `-${(n * 104_729) % size.assets}x`;
  const root = (await call(admin, listNodes, {})).items[0]!.id;
  const nodes = (name: string, actor: (n: number) => Actor, parentId: (n: number) => string) =>
    timed(name, calls, (n) => call(actor(n), listMyNodes, { parentId: parentId(n) }), LIST);
  const inside = await sql<{ id: string; parent: string }>`select id, parent_id as parent from node
    where org_id = ${HOME} and exists (select 1 from node child where child.org_id = node.org_id and child.parent_id = node.id)
    order by id limit 200`.execute(db);
  const parent = (n: number) => inside.rows[(n * 31) % inside.rows.length]!.id;
  return [
    await mine("first page of 50 of one's assets", any, () => ({})),
    await mine("first page, of who reaches most", most, () => ({})),
    await mine("twentieth page, of who reaches most", most, () => ({ cursor: far })),
    await mine("assets below a node, of who reaches most", most, (n) => ({ nodeId: parent(n) })),
    await mine("search that finds many", any, () => ({ search: "web" })),
    await mine("search that finds many, of who reaches most", most, () => ({ search: "db-1" })),
    await mine("search that finds one at most", any, (n) => ({ search: one(n) })),
    await mine("search that finds one, of who reaches most", most, (n) => ({ search: one(n) })),
    await mine("search that finds nothing, of who reaches most", most, () => ({ search: "zzzz" })),
    await mine("search by two letters that finds nothing, of who reaches most", most, () => ({ search: "zq" })),
    await timed("root with its count", calls, (n) => call(any(n), listMyNodes, {}), LIST),
    await nodes("children of the root with counts", any, () => root),
    await nodes("children of the root, of who reaches most", most, () => root),
    await nodes("children of a node, of who reaches most", most, parent),
    await timed(
      "children of the root, for administrators",
      calls,
      () => call(admin, listNodes, { parentId: root }),
      LIST,
    ),
  ];
}

async function cursorAt(call: Call, actor: Actor, pages: number): Promise<string | undefined> {
  let cursor: string | undefined;
  for (let page = 0; page < pages; page++)
    cursor = (await call(actor, listMyAssets, cursor ? { cursor } : {})).next ?? undefined;
  return cursor;
}

export async function reverse({ size, call, admin }: Stage, calls: number): Promise<Figure[]> {
  const asset = (n: number) => idOf("asset", (n * 104_729) % size.assets);
  return [
    await timed("who may reach this asset", calls, (n) => call(admin, listAssetPeople, { id: asset(n) }), REVERSE),
  ];
}
