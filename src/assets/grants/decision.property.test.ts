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
import { type Actor, systemActor } from "../../core/index.ts";
import { decide, myAssets, type Request } from "../index.ts";
import { readExplanation } from "../schema.ts";

const WORLDS = 1000;
const AT = NOW.getTime();

let door: Door;
beforeAll(async () => void (door = await openDoor()));
afterAll(() => door.close());

/** What a person's list shows: "account action" of every account that may be connected to. */
function listedInModel(world: World, asked: readonly Request[], userId: string): string[] {
  const mine = asked.filter((request) => request.userId === userId && allowed(world, request, AT));
  const connectable = new Set(mine.filter(({ action }) => action === "connect").map(({ accountId }) => accountId));
  return [
    ...new Set(
      mine
        .filter(({ accountId }) => connectable.has(accountId))
        .map(({ accountId, action }) => `${accountId} ${action}`),
    ),
  ].toSorted();
}

/** Assets that a rule in force gives something on to the person: nothing else may be in the list, not even a name. */
const nearInModel = (world: World, personId: string): ReadonlySet<string> =>
  new Set(
    world.assets
      .filter(
        ({ id, active }) =>
          active && world.rules.some((rule) => holds(rule, AT) && gives(rule) && joins(world, rule, personId, id)),
      )
      .map(({ id }) => id),
  );

/** The first start or end of a rule at which the contract says no. */
function untilInModel(world: World, request: Request): Date | null {
  const moments = world.rules.flatMap(({ startsAt, expiresAt }) => [startsAt, expiresAt ?? 0]);
  const ahead = moments.filter((moment) => moment > AT && !allowed(world, request, moment));
  return ahead.length > 0 ? new Date(Math.min(...ahead)) : null;
}

async function compareDecisions(number: number, world: World, asked: readonly Request[]) {
  const decided = await decide(door.db, asked, NOW);
  const wrong = asked.filter((request, index) => {
    const decision = decided[index]!;
    if (decision.allowed !== allowed(world, request, AT)) return true;
    return decision.allowed && decision.until?.getTime() !== untilInModel(world, request)?.getTime();
  });
  expect({ number, wrong, world: wrong.length > 0 ? world : null }).toEqual({ number, wrong: [], world: null });
  return decided;
}

async function compareLists(number: number, world: World, asked: readonly Request[]): Promise<number> {
  let count = 0;
  for (const { id } of world.people) {
    const person: Actor = { ...systemActor(world.orgId), kind: "person", id };
    const { items } = await myAssets(door.db, person, { limit: 200 }, NOW);
    const listed = items.flatMap(({ accounts }) =>
      accounts.flatMap((account) => account.actions.map((action) => `${account.id} ${action}`)),
    );
    expect({ number, listed: listed.toSorted() }).toEqual({ number, listed: listedInModel(world, asked, id) });
    const near = nearInModel(world, id);
    expect(items.filter((item) => !near.has(item.id))).toEqual([]);
    count += listed.length;
  }
  return count;
}

async function compareVirtual(number: number, world: World): Promise<number> {
  const asked = virtualQuestions(world);
  const decided = await decide(door.db, asked, NOW);
  const wrong = asked.filter((request, index) => decided[index]?.allowed !== allowedVirtually(world, request, AT));
  expect({ number, wrong, world: wrong.length > 0 ? world : null }).toEqual({ number, wrong: [], world: null });
  const can = asked.filter((request) => request.action === "connect" && allowedVirtually(world, request, AT));
  for (const { id } of world.people) {
    const person: Actor = { ...systemActor(world.orgId), kind: "person", id };
    const { items } = await myAssets(door.db, person, { limit: 200 }, NOW);
    const listed = items.flatMap((item) => item.virtualAccounts.map(({ kind }) => `${item.id} ${kind}`));
    const mine = can.filter(({ userId }) => userId === id).map(({ assetId, virtual }) => `${assetId} ${virtual}`);
    expect({ number, listed: listed.toSorted() }).toEqual({ number, listed: [...new Set(mine)].toSorted() });
  }
  return can.length;
}

/** The explanation of a question says what the decision said, by the same rules. */
async function compareExplanation(
  world: World,
  request: Request,
  decision: Awaited<ReturnType<typeof decide>>[number],
) {
  const { userId, assetId, accountId, protocol, action, aim } = request;
  const asked = { userId, assetId, accountId, protocol, action, at: NOW.toISOString(), ...aim };
  const told = await door.call(systemActor(world.orgId), readExplanation, asked);
  const givers = told.rules.filter(({ gives: gave }) => gave).map(({ id }) => id);
  expect({ request, allowed: told.allowed, until: told.until, givers: givers.toSorted() }).toEqual({
    request,
    allowed: decision.allowed,
    until: decision.until?.toISOString() ?? null,
    givers: decision.rules.map(({ id }) => id).toSorted(),
  });
  const unlike = told.rules.filter(({ gives: gave, lacks }) => gave !== (lacks.length === 0));
  expect({ told, unlike: told.obstacles.length > 0 ? [] : unlike }).toEqual({ told, unlike: [] });
  const helpless = told.obstacles.length === 0 && !told.allowed && told.change === null && told.rules.length > 0;
  expect({ told, helpless }).toEqual({ told, helpless: false });
}

/** At once, so that the database's process has something to do while this one compares. */
const LANES = 4;

test(`decisions, lists and explanations agree with the contract in ${WORLDS} random worlds`, async () => {
  const seen = { yes: 0, no: 0, listed: 0, limited: 0, forwarded: 0, virtual: 0 };
  async function lane(first: number): Promise<void> {
    const dice = createDice(20_261_121 + first);
    for (let number = first; number < WORLDS; number += LANES) {
      const world = await makeWorld(door, dice, number);
      const asked = questions(world);
      const decided = await compareDecisions(number, world, asked);
      seen.yes += decided.filter((decision) => decision.allowed).length;
      seen.no += decided.filter((decision) => !decision.allowed).length;
      seen.limited += decided.filter((decision) => decision.until).length;
      seen.forwarded += asked.filter(({ action }, index) => action === "forward" && decided[index]?.allowed).length;
      const listed = await compareLists(number, world, asked);
      seen.listed += listed;
      // A half of the worlds is plenty for this.
      const virtual = number % 2 === 0 ? await compareVirtual(number, world) : 0;
      seen.virtual += virtual;
      const place = dice.below(asked.length);
      const request = asked[place];
      if (request) await compareExplanation(world, request, decided[place]!);
    }
  }
  await Promise.all(Array.from({ length: LANES }, (_, first) => lane(first)));
  for (const [what, count] of Object.entries(seen))
    expect({ what, enough: count > 300 }).toEqual({ what, enough: true });
}, 300_000);
