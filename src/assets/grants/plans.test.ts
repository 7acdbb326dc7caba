import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Door, openDoor } from "../../../test/security/door.ts";
import { fill, HEAVIEST, HOME, idOf, TENTH, visitorsRule } from "../../../test/support/authorization-data.ts";
import { type Actor, systemActor } from "../../core/index.ts";
import { createDatabase } from "../../db/index.ts";
import { decide, myAssets } from "../index.ts";
import { listAssetPeople, listMyAssets, listMyNodes, listNodes, updateGrant, updateNode } from "../schema.ts";
import { reachedPage, reachOf } from "./reach.store.ts";

/** Whoever reads one of these from end to end gets slower with every asset, account or rule that somebody adds. */
const BIG =
  /Seq Scan on (asset|account|asset_node|asset_protocol|node_closure|access_grant|grant_user|grant_group|grant_asset|grant_node)\b/;

let door: Door;
let owner: pg.Client;
let admin: Actor;
const said: { text: string; values: unknown[] }[] = [];
const NOW = new Date();
const user = (number: number): Actor & { id: string } => ({
  ...systemActor(HOME),
  kind: "person",
  id: idOf("user", number),
});
const LIGHT = 9;

beforeAll(async () => {
  door = await openDoor({ max: 1 });
  const filling = createDatabase({ url: door.url, role: null, max: 1 });
  await fill(filling.db, TENTH);
  await filling.close();
  owner = new pg.Client({ connectionString: door.url });
  await owner.connect();
  admin = systemActor(HOME);
  overhear(door.database.pool);
}, 60_000);
afterAll(async () => {
  await owner?.end();
  await door?.close();
});

/** Writes down every statement that the program sends. */
function overhear(pool: pg.Pool): void {
  pool.on("acquire", (client) => {
    const query = client.query.bind(client) as (...args: unknown[]) => unknown;
    if ("overheard" in client) return;
    Object.assign(client, {
      overheard: true,
      query: (...args: unknown[]) => {
        const text = typeof args[0] === "string" ? args[0] : (args[0] as { text?: unknown }).text;
        if (typeof text === "string") said.push({ text, values: (args[1] as unknown[]) ?? [] });
        return query(...args);
      },
    });
  });
}

/** The plans of all statements that the work sends. */
async function plansOf(work: () => Promise<unknown>): Promise<string[]> {
  said.length = 0;
  await work();
  const sent = said.filter(
    ({ text }) => /^\s*(with|select|insert|update|delete)\b/i.test(text) && !text.includes("audit_event"),
  );
  expect(sent.length).toBeGreaterThan(0);
  const plans: string[] = [];
  for (const { text, values } of sent.slice()) {
    const { rows } = await owner.query<{ "QUERY PLAN": string }>(`explain (costs off) ${text}`, values);
    plans.push(`${text}\n${rows.map((row) => row["QUERY PLAN"]).join("\n")}`);
  }
  return plans;
}

const subject = (n: number) => ({
  orgId: HOME,
  userId: idOf("user", n),
  assetId: idOf("asset", n),
  accountId: idOf("account", n * 2),
  protocol: "ssh",
  action: "connect" as const,
});
const most = user(HEAVIEST);
const least = user(LIGHT);
const assets = (actor: Actor, input: object) => () => door.call(actor, listMyAssets, input);

test.each<[string, () => Promise<unknown>]>([
  ["one decision", () => decide(door.db, [subject(HEAVIEST)], NOW)],
  [
    "500 decisions",
    () =>
      decide(
        door.db,
        Array.from({ length: 500 }, (_, n) => subject(n)),
        NOW,
      ),
  ],
  ["one's assets, of who reaches little", assets(least, {})],
  ["one's assets, of who reaches most", assets(most, {})],
  ["one's assets by an exact name", assets(most, { search: "db-17x" })],
  ["a search that finds many", assets(most, { search: "web" })],
  ["a search that finds nothing", assets(most, { search: "zzzz" })],
  ["a search of who reaches little", assets(least, { search: "web" })],
  ["one's assets below a node", assets(most, { nodeId: idOf("node", 30) })],
  ["an asset by its name", () => myAssets(door.db, most, { called: "10.0.0.7", limit: 2 }, NOW)],
  ["the root with its count", () => door.call(most, listMyNodes, {})],
  ["children of a node, of who reaches most", () => door.call(most, listMyNodes, { parentId: idOf("node", 1) })],
  ["children of a node, of who reaches little", () => door.call(least, listMyNodes, { parentId: idOf("node", 1) })],
  ["children of a node, for administrators", () => door.call(admin, listNodes, { parentId: idOf("node", 1) })],
  ["who may reach this asset", () => door.call(admin, listAssetPeople, { id: idOf("asset", 5) })],
  [
    "changing a rule",
    () =>
      door.call(admin, updateGrant, {
        id: visitorsRule(TENTH),
        version: 1,
        userIds: [LIGHT, 10].map((n) => idOf("user", n)),
      }),
  ],
  ["moving a node", () => door.call(admin, updateNode, { id: idOf("node", 6), version: 1, parentId: idOf("node", 0) })],
])("no plan reads a big table from end to end: %s", async (_, work) => {
  const bad = (await plansOf(work)).filter((plan) => BIG.test(plan));
  expect(bad.join("\n\n")).toBe("");
});

test("a plan that reads a big table from end to end would be seen", async () => {
  const plans = await plansOf(() =>
    door.db.selectFrom("asset").select("comment").where("comment", "like", "%7%").execute(),
  );
  expect(BIG.test(plans[0]!)).toBe(true);
});

describe("a long list that is walked says what a short one that is sorted says", () => {
  const people = [HEAVIEST, LIGHT, 1, 7, 23, 207];
  test.each([
    {},
    { search: "web" },
    { search: "zq" },
    { search: "-77x" },
    { nodeId: idOf("node", 0) },
    { nodeId: idOf("node", 200), search: "1" },
  ])("%j", async (filter) => {
    for (const number of people) {
      const reach = await reachOf(door.db, HOME, idOf("user", number), NOW);
      const pages = async (few: boolean): Promise<string[]> => {
        const ids: string[] = [];
        let cursor: string | undefined;
        for (let page = 0; page < 3 && (page === 0 || cursor); page++) {
          const found = await reachedPage(door.db, { ...reach, few }, { ...filter, limit: 40, cursor });
          ids.push(...found.ids);
          cursor = found.next ?? undefined;
        }
        return ids;
      };
      expect(await pages(false)).toEqual(await pages(true));
    }
  });
});
