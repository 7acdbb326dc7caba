import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Door, openDoor } from "../../../test/security/door.ts";
import { type Actor, newId } from "../../core/index.ts";
import { systemActor } from "../../iam/index.ts";
import { rootOf } from "../inventory/node.ts";
import { decide, myAssets, type Request } from "../index.ts";
import { createNode, updateNode } from "../schema.ts";

const WORLDS = 200;
const NOW = new Date("2030-01-01T12:00:00Z");
const HOUR = 3_600_000;

let door: Door;
beforeAll(async () => void (door = await openDoor()));
afterAll(() => door.close());

/** Mulberry32: the same worlds in every run. */
function createDice(seed: number) {
  let state = seed;
  const roll = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const below = (count: number): number => Math.floor(roll() * count);
  return {
    below,
    chance: (probability: number): boolean => roll() < probability,
    one: <T>(items: readonly T[]): T => items[below(items.length)]!,
    some: <T>(items: readonly T[], probability: number): T[] => items.filter(() => roll() < probability),
  };
}
type Dice = ReturnType<typeof createDice>;

interface Thing {
  readonly id: string;
  readonly active: boolean;
}
interface World {
  readonly orgId: string;
  readonly people: readonly (Thing & { name: string })[];
  readonly groups: readonly { id: string; members: readonly string[] }[];
  /** Parent of each node; the root has none. */
  readonly nodes: ReadonlyMap<string, string | null>;
  readonly assets: readonly (Thing & {
    nodes: readonly string[];
    protocols: readonly string[];
    accounts: readonly (Thing & { name: string })[];
  })[];
  readonly rules: readonly WorldRule[];
}
interface WorldRule {
  readonly id: string;
  readonly active: boolean;
  readonly people: readonly string[];
  readonly groups: readonly string[];
  readonly assets: readonly string[];
  readonly nodes: readonly string[];
  readonly all: boolean;
  readonly names: readonly string[];
  readonly excluded: readonly string[];
  readonly virtual: readonly string[];
  readonly allProtocols: boolean;
  readonly protocols: readonly string[];
  readonly actions: readonly string[];
  readonly startsAt: number;
  readonly expiresAt: number | null;
}

const PROTOCOLS = ["ssh", "telnet"];
const ACTIONS = ["connect", "upload"] as const;

async function makeWorld(dice: Dice, number: number): Promise<World> {
  const orgId = await door.organization(`World ${number}`);
  const nodes = await makeNodes(dice, orgId);
  const people = Array.from({ length: 3 }, (_, index) => ({
    id: newId(),
    name: `p${number}-${index}`,
    active: dice.chance(0.9),
  }));
  const groups = Array.from({ length: 2 }, () => ({
    id: newId(),
    members: dice.some(people, 0.5).map(({ id }) => id),
  }));
  const names = ["root", "web", "*", ...people.map(({ name }) => name)];
  const assets = Array.from({ length: 4 }, () => ({
    id: newId(),
    active: dice.chance(0.9),
    nodes: dice.some([...nodes.keys()], 0.3),
    protocols: dice.chance(0.8) ? dice.some(PROTOCOLS, 0.8) : [],
    accounts: dice.some(names, 0.4).map((name) => ({ id: newId(), name, active: dice.chance(0.9) })),
  }));
  const rules = Array.from({ length: 1 + dice.below(5) }, () =>
    makeRule(dice, { people, groups, nodes: [...nodes.keys()], assets, names }),
  );
  const world = { orgId, people, groups, nodes, assets, rules };
  await store(world);
  return world;
}

function makeRule(
  dice: Dice,
  from: { people: World["people"]; groups: World["groups"]; nodes: string[]; assets: World["assets"]; names: string[] },
): WorldRule {
  const ids = (things: readonly { id: string }[], probability: number): string[] =>
    dice.some(things, probability).map(({ id }) => id);
  const startsAt = NOW.getTime() + dice.one([-2, -1, -1, -1, 0, 1]) * HOUR;
  const ends = dice.one([null, null, 0, 1, 2]);
  const expiresAt = ends === null || NOW.getTime() + ends * HOUR <= startsAt ? null : NOW.getTime() + ends * HOUR;
  return {
    id: newId(),
    active: dice.chance(0.9),
    people: ids(from.people, 0.5),
    groups: ids(from.groups, 0.4),
    assets: ids(from.assets, 0.4),
    nodes: dice.some(from.nodes, 0.25),
    all: dice.chance(0.4),
    names: dice.some(from.names, 0.25),
    excluded: dice.chance(0.4) ? dice.some(from.names, 0.3) : [],
    virtual: dice.some(["manual", "same_name", "anonymous"], 0.2),
    allProtocols: dice.chance(0.5),
    protocols: dice.some(PROTOCOLS, 0.4),
    actions: dice.some(ACTIONS, 0.75),
    startsAt,
    expiresAt,
  };
}

/** Through the actions, with moves, so that what the database knows of ancestors is what they made of it. */
async function makeNodes(dice: Dice, orgId: string): Promise<Map<string, string | null>> {
  const system: Actor = systemActor(orgId);
  const root = await rootOf(door.db, orgId);
  const nodes = new Map<string, string | null>([[root, null]]);
  for (let index = 0; index < 4; index++) {
    const parentId = dice.one([...nodes.keys()]);
    nodes.set((await door.call(system, createNode, { parentId, name: `n${index}` })).id, parentId);
  }
  const [moving, target] = [dice.one([...nodes.keys()]), dice.one([...nodes.keys()])];
  const moved = await door.codeOf(door.call(system, updateNode, { id: moving, version: 1, parentId: target }));
  if (moved === "ok") nodes.set(moving, target);
  return nodes;
}

async function store({ orgId, people, groups, assets, rules }: World): Promise<void> {
  const { db } = door;
  const put = async (table: string, rows: readonly Record<string, unknown>[]): Promise<void> => {
    const [first] = rows;
    if (first === undefined) return;
    const columns = sql.join(Object.keys(first).map((column) => sql.ref(column)));
    await sql`insert into ${sql.table(table)} (${columns})
      select ${columns} from jsonb_populate_recordset(null::${sql.table(table)}, ${JSON.stringify(rows)}::jsonb)`.execute(
      db,
    );
  };
  const stamp = { version: 1, comment: "", created_at: NOW, updated_at: NOW };
  await db
    .insertInto("users")
    .values(people.map(({ id, name, active }) => ({ id, login_name: name, name, active })))
    .execute();
  await put(
    "membership",
    people.map(({ id }) => ({ org_id: orgId, user_id: id, created_at: NOW })),
  );
  await db
    .insertInto("user_group")
    .values(groups.map(({ id }) => ({ id, org_id: orgId, name: id })))
    .execute();
  await put(
    "group_member",
    groups.flatMap(({ id, members }) => members.map((user_id) => ({ org_id: orgId, group_id: id, user_id }))),
  );
  await db
    .insertInto("asset")
    .values(assets.map(({ id, active }) => ({ id, org_id: orgId, name: id, host: "10.0.0.1", active })))
    .execute();
  await put(
    "asset_node",
    assets.flatMap(({ id, nodes }) => nodes.map((node_id) => ({ org_id: orgId, asset_id: id, node_id }))),
  );
  await put(
    "asset_protocol",
    assets.flatMap(({ id, protocols }) =>
      protocols.map((kind) => ({ org_id: orgId, asset_id: id, kind, port: 22, settings: {} })),
    ),
  );
  const accounts = assets.flatMap(({ id, accounts: stored }) =>
    stored.map((account) => ({
      id: account.id,
      org_id: orgId,
      asset_id: id,
      name: account.name,
      username: "u",
      secret_kind: "password",
      active: account.active,
    })),
  );
  if (accounts.length > 0) await db.insertInto("account").values(accounts).execute();
  const grants = rules.map((rule) => ({
    id: rule.id,
    org_id: orgId,
    name: rule.id,
    active: rule.active,
    starts_at: new Date(rule.startsAt),
    expires_at: rule.expiresAt === null ? null : new Date(rule.expiresAt),
    all_accounts: rule.all,
    account_names: [...rule.names],
    excluded_names: [...rule.excluded],
    virtual_accounts: [...rule.virtual],
    all_protocols: rule.allProtocols,
    protocols: [...rule.protocols],
    actions: [...rule.actions],
    ...stamp,
  }));
  await db.insertInto("access_grant").values(grants).execute();
  const sides = [
    ["grant_user", "user_id", "people"],
    ["grant_group", "group_id", "groups"],
    ["grant_asset", "asset_id", "assets"],
    ["grant_node", "node_id", "nodes"],
  ] as const;
  for (const [table, key, side] of sides) {
    await put(
      table,
      rules.flatMap((rule) => rule[side].map((id) => ({ org_id: orgId, grant_id: rule.id, [key]: id }))),
    );
  }
}

/** The contract, read aloud: slow and obvious. */
function allowed(world: World, { userId, assetId, accountId, protocol, action }: Request): boolean {
  const person = world.people.find(({ id }) => id === userId)!;
  const asset = world.assets.find(({ id }) => id === assetId)!;
  const account = asset.accounts.find(({ id }) => id === accountId)!;
  if (!person.active || !asset.active || !account.active || !asset.protocols.includes(protocol)) return false;
  const inForce = world.rules.filter(
    (rule) => holds(rule) && names(world, rule, person.id) && covers(world, rule, asset),
  );
  const giving = inForce.filter(gives);
  if (!giving.some((rule) => rule.allProtocols || rule.protocols.includes(protocol))) return false;
  if (inForce.some((rule) => rule.excluded.includes(account.name) && rule.actions.includes(action))) return false;
  return giving.some((rule) => {
    const sameName = rule.virtual.includes("same_name") && account.name === person.name;
    return rule.actions.includes(action) && (rule.all || rule.names.includes(account.name) || sameName);
  });
}

const gives = (rule: WorldRule): boolean => rule.all || rule.names.length > 0 || rule.virtual.length > 0;

function holds(rule: WorldRule): boolean {
  const accounts = rule.all || rule.names.length > 0 || rule.excluded.length > 0 || rule.virtual.length > 0;
  const protocols = rule.allProtocols || rule.protocols.length > 0;
  const now = NOW.getTime();
  const inWindow = rule.startsAt <= now && (rule.expiresAt === null || now < rule.expiresAt);
  return rule.active && inWindow && accounts && protocols && rule.actions.length > 0;
}

function names(world: World, rule: WorldRule, personId: string): boolean {
  if (rule.people.includes(personId)) return true;
  return world.groups.some((group) => rule.groups.includes(group.id) && group.members.includes(personId));
}

function covers(world: World, rule: WorldRule, asset: World["assets"][number]): boolean {
  if (rule.assets.includes(asset.id)) return true;
  for (const place of asset.nodes) {
    for (let node: string | null = place; node !== null; node = world.nodes.get(node) ?? null) {
      if (rule.nodes.includes(node)) return true;
    }
  }
  return false;
}

const questions = ({ orgId, people, assets }: World): Request[] =>
  people.flatMap(({ id: userId }) =>
    assets.flatMap(({ id: assetId, accounts }) =>
      accounts.flatMap(({ id: accountId }) =>
        PROTOCOLS.flatMap((protocol) =>
          ACTIONS.map((action) => ({ orgId, userId, assetId, accountId, protocol, action })),
        ),
      ),
    ),
  );

/** What a person's list shows: "account action" of every account that may be connected to. */
function listedInModel(world: World, asked: readonly Request[], userId: string): string[] {
  const mine = asked.filter((request) => request.userId === userId && allowed(world, request));
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
        (asset) =>
          asset.active &&
          world.rules.some(
            (rule) => holds(rule) && gives(rule) && names(world, rule, personId) && covers(world, rule, asset),
          ),
      )
      .map(({ id }) => id),
  );

test(`decisions and lists agree with the contract in ${WORLDS} random worlds`, async () => {
  const dice = createDice(20_261_121);
  const seen = { yes: 0, no: 0, listed: 0 };
  for (let number = 0; number < WORLDS; number++) {
    const world = await makeWorld(dice, number);
    const asked = questions(world);
    const decided = await decide(door.db, asked, NOW);
    const wrong = asked.filter((request, index) => decided[index]?.allowed !== allowed(world, request));
    expect({ number, wrong, world: wrong.length > 0 ? world : null }).toEqual({ number, wrong: [], world: null });
    seen.yes += decided.filter((decision) => decision.allowed).length;
    seen.no += decided.filter((decision) => !decision.allowed).length;
    for (const { id } of world.people) {
      const person: Actor = { ...systemActor(world.orgId), kind: "person", id };
      const { items } = await myAssets(door.db, person, { limit: 200 }, NOW);
      const listed = items.flatMap(({ accounts }) =>
        accounts.flatMap((account) => account.actions.map((action) => `${account.id} ${action}`)),
      );
      expect({ number, listed: listed.toSorted() }).toEqual({ number, listed: listedInModel(world, asked, id) });
      const near = nearInModel(world, id);
      expect(items.filter((item) => !near.has(item.id))).toEqual([]);
      seen.listed += listed.length;
    }
  }
  expect(seen.yes).toBeGreaterThan(500);
  expect(seen.no).toBeGreaterThan(500);
  expect(seen.listed).toBeGreaterThan(300);
}, 60_000);
