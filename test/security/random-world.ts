import { sql } from "kysely";
import type { Request, VirtualRequest } from "../../src/assets/index.ts";
import { createNode, listNodes, updateNode } from "../../src/assets/schema.ts";
import { type Actor, newId, systemActor } from "../../src/core/index.ts";
import type { Door } from "./door.ts";

/** The moment at which random worlds are asked. */
export const NOW = new Date("2030-01-01T12:00:00Z");
export const HOUR = 3_600_000;

/** Mulberry32: the same worlds in every run. */
export function createDice(seed: number) {
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
  active: boolean;
}
type Person = Thing & { readonly name: string };
type Asset = Thing & { nodes: string[]; readonly protocols: string[]; readonly accounts: (Thing & { name: string })[] };

/** An organization as a test knows it; what a test changes in the database it changes here, too. */
export interface World {
  readonly orgId: string;
  readonly people: Person[];
  readonly groups: { readonly id: string; members: string[] }[];
  /** Parent of each node; the root has none. */
  readonly nodes: Map<string, string | null>;
  readonly assets: Asset[];
  rules: WorldRule[];
}

export interface WorldRule {
  readonly id: string;
  active: boolean;
  people: string[];
  groups: string[];
  assets: string[];
  nodes: string[];
  all: boolean;
  names: string[];
  excluded: string[];
  virtual: string[];
  allProtocols: boolean;
  protocols: string[];
  actions: string[];
  forwardTo: string[];
  startsAt: number;
  expiresAt: number | null;
  atEnd: "cut" | "warn" | "keep";
  warnMinutes: number | null;
}

const PROTOCOLS = ["ssh", "telnet"];
const ACTIONS = ["connect", "upload", "forward"] as const;
/** Destinations that a rule may name, and where people want to go: the first is named by the first two, the last by none. */
const DESTINATIONS = ["10.0.0.5:80", "10.0.0.0/8:1-100", "db.example:5432"];
const AIMS = [
  { host: "10.0.0.5", port: 80, named: [0, 1] },
  { host: "db.example", port: 5432, named: [2] },
  { host: "10.0.0.5", port: 5432, named: [] },
];

/** A world of its own organization, stored. */
export async function makeWorld(door: Door, dice: Dice, number: number): Promise<World> {
  const orgId = await door.organization(`World ${number}`);
  const nodes = await makeNodes(door, dice, orgId);
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
  await store(door, world);
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
  const forwardTo = dice.some(DESTINATIONS, 0.4);
  const atEnd = dice.one(["cut", "warn", "keep"] as const);
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
    actions: dice.some(ACTIONS, 0.75).filter((action) => action !== "forward" || forwardTo.length > 0),
    forwardTo,
    startsAt,
    expiresAt,
    atEnd,
    warnMinutes: atEnd === "warn" ? 1 + dice.below(90) : null,
  };
}

/** Through the actions, with moves, so that what the database knows of ancestors is what they made of it. */
async function makeNodes(door: Door, dice: Dice, orgId: string): Promise<Map<string, string | null>> {
  const system: Actor = systemActor(orgId);
  const root = (await door.call(system, listNodes, {})).items[0]?.id ?? "";
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

async function store(door: Door, { orgId, people, groups, assets, rules }: World): Promise<void> {
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
    forward_to: [...rule.forwardTo],
    at_end: rule.atEnd,
    warn_minutes: rule.warnMinutes,
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
export function allowed(
  world: World,
  request: Request,
  now: number,
  rules: readonly WorldRule[] = world.rules,
): boolean {
  const { userId, assetId, accountId, protocol, action } = request;
  const person = world.people.find(({ id }) => id === userId)!;
  const asset = world.assets.find(({ id }) => id === assetId)!;
  const account = asset.accounts.find(({ id }) => id === accountId)!;
  if (!person.active || !asset.active || !account.active || !asset.protocols.includes(protocol)) return false;
  const inForce = rules.filter((rule) => holds(rule, now) && joins(world, rule, userId, assetId));
  const giving = inForce.filter(gives);
  if (!giving.some((rule) => speaks(rule, protocol))) return false;
  if (inForce.some((rule) => rule.excluded.includes(account.name) && rule.actions.includes(action))) return false;
  return giving.some((rule) => coversAccount(rule, account.name, person.name) && grants(rule, request));
}

/** The same of an account that no asset stores: typed, or the person's own name where the asset has no such account. */
export function allowedVirtually(world: World, request: VirtualRequest, now: number): boolean {
  const { userId, assetId, protocol, action, virtual } = request;
  const person = world.people.find(({ id }) => id === userId)!;
  const asset = world.assets.find(({ id }) => id === assetId)!;
  if (!person.active || !asset.active || !asset.protocols.includes(protocol) || virtual === "anonymous") return false;
  if (virtual === "same_name" && asset.accounts.some(({ name, active }) => active && name === person.name))
    return false;
  const inForce = world.rules.filter((rule) => holds(rule, now) && joins(world, rule, userId, assetId));
  const giving = inForce.filter(gives);
  const isExcluded = (rule: WorldRule) =>
    virtual === "same_name" && rule.excluded.includes(person.name) && rule.actions.includes(action);
  if (!giving.some((rule) => speaks(rule, protocol)) || inForce.some(isExcluded)) return false;
  return giving.some((rule) => rule.virtual.includes(virtual) && rule.actions.includes(action));
}

export const gives = (rule: WorldRule): boolean => rule.all || rule.names.length > 0 || rule.virtual.length > 0;

export const speaks = (rule: WorldRule, protocol: string): boolean =>
  rule.allProtocols || rule.protocols.includes(protocol);

export const coversAccount = (rule: WorldRule, account: string, person: string): boolean =>
  rule.all || rule.names.includes(account) || (rule.virtual.includes("same_name") && account === person);

export function grants(rule: WorldRule, { action, aim }: Request): boolean {
  if (!rule.actions.includes(action)) return false;
  if (action !== "forward") return true;
  const known = AIMS.find(({ host, port }) => host === aim?.host && port === aim.port);
  return known?.named.some((place) => rule.forwardTo.includes(DESTINATIONS[place]!)) ?? false;
}

export function holds(rule: WorldRule, now: number): boolean {
  const accounts = rule.all || rule.names.length > 0 || rule.excluded.length > 0 || rule.virtual.length > 0;
  const protocols = rule.allProtocols || rule.protocols.length > 0;
  const inWindow = rule.startsAt <= now && (rule.expiresAt === null || now < rule.expiresAt);
  return rule.active && inWindow && accounts && protocols && rule.actions.length > 0;
}

/** Whether the rule stands between the two: names the person, covers the asset. */
export function joins(world: World, rule: WorldRule, personId: string, assetId: string): boolean {
  const named =
    rule.people.includes(personId) ||
    world.groups.some((group) => rule.groups.includes(group.id) && group.members.includes(personId));
  const asset = world.assets.find(({ id }) => id === assetId)!;
  return named && (rule.assets.includes(assetId) || asset.nodes.some((place) => isBelow(world, place, rule.nodes)));
}

function isBelow(world: World, place: string, nodes: readonly string[]): boolean {
  for (let node: string | null = place; node !== null; node = world.nodes.get(node) ?? null) {
    if (nodes.includes(node)) return true;
  }
  return false;
}

/** Every question about stored accounts that a world has. */
export const questions = ({ orgId, people, assets }: World): Request[] =>
  people.flatMap(({ id: userId }) =>
    assets.flatMap(({ id: assetId, accounts }) =>
      accounts.flatMap(({ id: accountId }) =>
        PROTOCOLS.flatMap((protocol) => {
          const subject = { orgId, userId, assetId, accountId, protocol };
          const plain = (["connect", "upload"] as const).map((action) => ({ ...subject, action }));
          const forward = AIMS.map(({ host, port }) => ({
            ...subject,
            action: "forward" as const,
            aim: { host, port },
          }));
          return [...plain, ...forward];
        }),
      ),
    ),
  );

/** Every question about virtual accounts that a world has, but forwarding. */
export const virtualQuestions = ({ orgId, people, assets }: World): VirtualRequest[] =>
  people.flatMap(({ id: userId }) =>
    assets.flatMap(({ id: assetId }) =>
      PROTOCOLS.flatMap((protocol) =>
        (["manual", "same_name", "anonymous"] as const).flatMap((virtual) =>
          (["connect", "upload"] as const).map((action) => ({ orgId, userId, assetId, protocol, virtual, action })),
        ),
      ),
    ),
  );
