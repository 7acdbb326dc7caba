import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Door, openDoor } from "../../../test/security/door.ts";
import {
  allowed,
  allowedVirtually,
  createDice,
  gives,
  holds,
  joins,
  makeWorld,
  NOW,
  questions,
  virtualQuestions,
  type World,
} from "../../../test/security/random-world.ts";
import { systemActor } from "../../core/index.ts";
import { listAssetPeople } from "../schema.ts";
import { reachedPage, reachOf } from "./reach.store.ts";
import { countsBelow } from "./reach-counts.store.ts";

const WORLDS = 150;
const AT = NOW.getTime();

let door: Door;
beforeAll(async () => {
  door = await openDoor();
  // No rule of a world starts or ends within the hour after NOW.
  door.clock.aheadMs = AT - Date.now();
});
afterAll(() => door.close());

/** What the reverse list of an asset says by the contract: "person account action until". */
function peopleInModel(world: World, assetId: string): string[] {
  const moments = world.rules.flatMap(({ startsAt, expiresAt }) => [startsAt, expiresAt ?? 0]);
  const asked = [
    ...questions(world).map((request) => ({
      ...request,
      what: request.accountId,
      holds: (at: number) => allowed(world, request, at),
    })),
    ...virtualQuestions(world).map((request) => ({
      ...request,
      what: request.virtual,
      holds: (at: number) => allowedVirtually(world, request, at),
    })),
  ];
  const alike = Map.groupBy(
    asked.filter((request) => request.assetId === assetId),
    ({ userId, what, action }) => `${userId} ${what} ${action}`,
  );
  return [...alike].flatMap(([what, requests]) => {
    const somehow = (at: number): boolean => requests.some((request) => request.holds(at));
    const ends = moments.filter((moment) => moment > AT && !somehow(moment));
    const until = ends.length > 0 ? new Date(Math.min(...ends)).toISOString() : "never";
    return somehow(AT) ? [`${what} ${until}`] : [];
  });
}

async function comparePeople(number: number, world: World): Promise<number> {
  let count = 0;
  for (const { id } of world.assets) {
    const listed: string[] = [];
    for (let cursor: string | undefined, more = true; more; more = cursor !== undefined) {
      const page = await door.call({ ...systemActor(world.orgId) }, listAssetPeople, { id, limit: 2, cursor });
      for (const person of page.items) {
        const virtual = person.virtualAccounts.map(({ kind, actions }) => ({
          id: kind,
          // The model has no question about forwarding with these.
          actions: actions.filter(({ action }) => action !== "forward"),
        }));
        for (const account of [...person.accounts, ...virtual])
          for (const { action, until } of account.actions)
            listed.push(`${person.id} ${account.id} ${action} ${until ?? "never"}`);
      }
      cursor = page.next ?? undefined;
    }
    const model = peopleInModel(world, id).toSorted();
    expect({ number, asset: id, listed: listed.toSorted() }).toEqual({ number, asset: id, listed: model });
    count += listed.length;
  }
  return count;
}

/** Lists and counts that look at few assets one by one, and those that walk many. */
async function compareReach(number: number, world: World, personId: string): Promise<void> {
  const near = world.assets.filter(
    ({ id, active }) =>
      active && world.rules.some((rule) => holds(rule, AT) && gives(rule) && joins(world, rule, personId, id)),
  );
  const under = (node: string, place: string | null): boolean =>
    place !== null && (place === node || under(node, world.nodes.get(place) ?? null));
  const below = (node: string) => near.filter(({ nodes }) => nodes.some((place) => under(node, place)));
  const reach = await reachOf(door.db, world.orgId, personId, NOW);
  for (const few of [true, false]) {
    const pages = async (nodeId?: string): Promise<string[]> => {
      const ids: string[] = [];
      for (let cursor: string | undefined, more = true; more; more = cursor !== undefined) {
        const found = await reachedPage(door.db, { ...reach, few }, { limit: 2, cursor, nodeId });
        ids.push(...found.ids);
        cursor = found.next ?? undefined;
      }
      return ids;
    };
    const idsOf = (assets: typeof near) => assets.map(({ id }) => id).toSorted();
    expect({ number, few, ids: await pages() }).toEqual({ number, few, ids: idsOf(near) });
    for (const parent of world.nodes.keys()) {
      expect({ number, few, ids: await pages(parent) }).toEqual({ number, few, ids: idsOf(below(parent)) });
      const counts = await sql<{ id: string; assets: number }>`${countsBelow({ ...reach, few }, parent)}`.execute(
        door.db,
      );
      const children = [...world.nodes].filter(([, above]) => above === parent);
      const model = children.map(([id]) => [id, below(id).length] as const).filter(([, assets]) => assets > 0);
      expect(new Map(counts.rows.map(({ id, assets }) => [id, assets]))).toEqual(new Map(model));
    }
  }
}

const LANES = 4;

test(`who may reach an asset, lists and counts agree with the contract in ${WORLDS} random worlds`, async () => {
  let listed = 0;
  async function lane(first: number): Promise<void> {
    const dice = createDice(20_261_125 + first);
    for (let number = first; number < WORLDS; number += LANES) {
      const world = await makeWorld(door, dice, number);
      listed += await comparePeople(number, world);
      const person = dice.one(world.people);
      if (number % 3 === 0) await compareReach(number, world, person.id);
    }
  }
  await Promise.all(Array.from({ length: LANES }, (_, first) => lane(first)));
  expect(listed).toBeGreaterThan(200);
}, 120_000);
