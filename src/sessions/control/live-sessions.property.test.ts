import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Door, openDoor } from "../../../test/security/door.ts";
import {
  allowed,
  coversAccount,
  createDice,
  gives,
  grants,
  holds,
  HOUR,
  joins,
  makeWorld,
  NOW,
  questions,
  speaks,
  type World,
  type WorldRule,
} from "../../../test/security/random-world.ts";
import { decide, type Request, standings } from "../../assets/index.ts";
import { updateNode } from "../../assets/schema.ts";
import { systemActor } from "../../iam/index.ts";
import { createAudience } from "./audience.ts";
import { createLiveSessions, type EndCause, type LiveSession } from "./live-sessions.ts";

const WORLDS = 400;
const STEPS = 14;

type Dice = ReturnType<typeof createDice>;

let door: Door;
beforeAll(async () => void (door = await openDoor()));
afterAll(() => door.close());

/** The world at each moment at which something was changed or asked, oldest first. */
type History = { readonly at: number; readonly world: World }[];

const graceOf = ({ atEnd, warnMinutes, expiresAt }: WorldRule): number =>
  atEnd === "keep" ? Number.POSITIVE_INFINITY : (expiresAt ?? 0) + (warnMinutes ?? 0) * 60_000;

/** Whether the rule, were it in force, would count for the session: it gives its account and action, or its protocol. */
function counts(world: World, rule: WorldRule, request: Request): boolean {
  const person = world.people.find(({ id }) => id === request.userId)!;
  const account = world.assets
    .find(({ id }) => id === request.assetId)!
    .accounts.find(({ id }) => id === request.accountId)!;
  const whole = holds({ ...rule, startsAt: 0, expiresAt: null }, 1);
  const covering = coversAccount(rule, account.name, person.name) && grants(rule, request);
  return (
    whole &&
    gives(rule) &&
    joins(world, rule, person.id, request.assetId) &&
    (covering || speaks(rule, request.protocol))
  );
}

/**
 * Whether a rule that is over still has its word for the session: it was in force for it just before its end, its end was
 * known before, and ever since it has stood as it did, within its grace. Read from the whole history each time.
 */
function hasWord(history: History, rule: WorldRule, request: Request, endless: boolean): boolean {
  const { expiresAt } = rule;
  const now = history.at(-1)!.at;
  if (expiresAt === null || expiresAt > now) return false;
  const before = history.findLastIndex(({ at }) => at < expiresAt);
  if (before < 0) return false;
  return history.slice(before).every(({ at, world }, place, since) => {
    const then = world.rules.find(({ id }) => id === rule.id);
    if (!then || then.expiresAt !== expiresAt || !counts(world, then, request)) return false;
    if (place === 0) return then.startsAt <= at;
    return at < graceOf(then) || (endless && place === since.length - 1);
  });
}

/** Whether the session goes on at the end of the history, and if not, whether the clock alone ended it. */
function verdict(history: History, request: Request): "on" | "expired" | "revoked" {
  const { at, world } = history.at(-1)!;
  const withWords = (endless: boolean): WorldRule[] =>
    world.rules.map((rule) =>
      hasWord(history, rule, request, endless) ? { ...rule, expiresAt: null, excluded: [] } : rule,
    );
  if (allowed(world, request, at) || allowed(world, request, at, withWords(false))) return "on";
  return allowed(world, request, at, withWords(true)) ? "expired" : "revoked";
}

const setRule = (id: string, set: Record<string, unknown>) =>
  door.db.updateTable("access_grant").set(set).where("id", "=", id).execute();

/** What administrators do, in the database and in the world. */
const EDITS: readonly ((dice: Dice, world: World, rule: WorldRule, now: number) => Promise<unknown>)[] = [
  (_, __, rule) => setRule(rule.id, { active: (rule.active = !rule.active) }),
  (dice, _, rule) => setRule(rule.id, { actions: (rule.actions = dice.some(["connect", "upload"], 0.7)) }),
  (dice, _, rule, now) => {
    rule.expiresAt = Math.max(rule.startsAt + 1, now + dice.one([-30, 20, 45, 90]) * 60_000);
    return setRule(rule.id, { expires_at: new Date(rule.expiresAt) });
  },
  (dice, _, rule) => {
    rule.atEnd = dice.one(["cut", "warn", "keep"] as const);
    rule.warnMinutes = rule.atEnd === "warn" ? 1 + dice.below(60) : null;
    return setRule(rule.id, { at_end: rule.atEnd, warn_minutes: rule.warnMinutes });
  },
  async (_, world, rule) => {
    world.rules = world.rules.filter(({ id }) => id !== rule.id);
    await door.db.deleteFrom("access_grant").where("id", "=", rule.id).execute();
  },
  (dice, world) => {
    const person = dice.one(world.people);
    person.active = !person.active;
    return door.db.updateTable("users").set({ active: person.active }).where("id", "=", person.id).execute();
  },
  (dice, world) => {
    const asset = dice.one(world.assets);
    asset.active = !asset.active;
    return door.db.updateTable("asset").set({ active: asset.active }).where("id", "=", asset.id).execute();
  },
  async (dice, world) => {
    const [group, person] = [dice.one(world.groups), dice.one(world.people)];
    const pair = { org_id: world.orgId, group_id: group.id, user_id: person.id };
    if (group.members.includes(person.id)) {
      group.members = group.members.filter((id) => id !== person.id);
      await sql`delete from group_member where group_id = ${group.id} and user_id = ${person.id}`.execute(door.db);
    } else {
      group.members.push(person.id);
      await door.db.insertInto("group_member").values(pair).execute();
    }
  },
  async (dice, world, rule) => {
    const person = dice.one(world.people);
    if (rule.people.includes(person.id)) {
      rule.people = rule.people.filter((id) => id !== person.id);
      await sql`delete from grant_user where grant_id = ${rule.id} and user_id = ${person.id}`.execute(door.db);
    } else {
      rule.people.push(person.id);
      const pair = { org_id: world.orgId, grant_id: rule.id, user_id: person.id };
      await door.db.insertInto("grant_user").values(pair).execute();
    }
  },
  async (dice, world) => {
    const [moving, target] = [dice.one([...world.nodes.keys()]), dice.one([...world.nodes.keys()])];
    const { version } = await door.db
      .selectFrom("node")
      .select("version")
      .where("id", "=", moving)
      .executeTakeFirstOrThrow();
    const move = door.call(systemActor(world.orgId), updateNode, { id: moving, version, parentId: target });
    if ((await door.codeOf(move)) === "ok") world.nodes.set(moving, target);
  },
  async (dice, world) => {
    const [asset, node] = [dice.one(world.assets), dice.one([...world.nodes.keys()])];
    if (asset.nodes.includes(node)) return;
    asset.nodes.push(node);
    const pair = { org_id: world.orgId, asset_id: asset.id, node_id: node };
    await door.db.insertInto("asset_node").values(pair).execute();
  },
];

type Watched = LiveSession & { cause: EndCause | null; leave: () => void };

/** Every session that the world allows, begun. */
async function begin(world: World, live: ReturnType<typeof createLiveSessions>, now: number): Promise<Watched[]> {
  const asked = questions(world).filter(({ action }) => action === "connect");
  const decided = await decide(door.db, asked, new Date(now));
  return asked.flatMap((request, place) => {
    const { allowed: yes, nextChange, gave } = decided[place]!;
    if (!yes) return [];
    const session: Watched = {
      id: `s${place}`,
      userId: request.userId,
      request: { ...request, address: null, method: "ssh-client" },
      audience: createAudience({ size: { cols: 80, rows: 24 }, screen: false }),
      nextChange,
      gave,
      outlives: null,
      cause: null,
      leave: () => {},
      told: () => {},
      async end(cause) {
        this.cause ??= cause;
        this.leave();
      },
    };
    session.leave = live.add(session);
    return [session];
  });
}

test(`live sessions end exactly when the contract says so, in ${WORLDS} worlds of random edits`, async () => {
  const dice = createDice(7);
  const seen = { sessions: 0, on: 0, expired: 0, revoked: 0, outlived: 0, waits: 0 };
  for (let number = 0; number < WORLDS; number++) {
    const world = await makeWorld(door, dice, number);
    let now = NOW.getTime();
    const failures: unknown[] = [];
    const live = createLiveSessions({
      ask: (requests) => standings(door.db, requests, new Date(now)),
      failed: (error) => void failures.push(error),
    });
    const history: History = [{ at: now, world: structuredClone(world) }];
    const sessions = await begin(world, live, now);
    seen.sessions += sessions.length;
    const over = new Set<Watched>();

    /** What the gateway does when told, or when its timer says so; then both must agree about every session. */
    async function look(what: string): Promise<void> {
      history.push({ at: now, world: structuredClone(world) });
      await live.recheck();
      for (const session of sessions) {
        if (over.has(session)) continue;
        const expected = verdict(history, session.request);
        const got = session.cause?.reason ?? "on";
        const told = got === expected ? null : { world, history, request: session.request };
        expect({ number, what, now, got, told }).toEqual({ number, what, now, got: expected, told: null });
        if (got === "on") seen.outlived += session.outlives ? 1 : 0;
        else over.add(session);
        if (got === "expired" || got === "revoked") seen[got] += 1;
      }
    }

    for (let step = 0; step < STEPS; step++) {
      const rule = world.rules.length > 0 ? dice.one(world.rules) : undefined;
      const edit = dice.one(EDITS);
      if (rule && dice.chance(0.5)) {
        await edit(dice, world, rule, now);
        await look(`edit ${EDITS.indexOf(edit)}`);
      }
      const until = now + dice.below(HOUR / 2);
      for (;;) {
        const waits = [...live.ids()].flatMap((id) => live.get(id)!.nextChange?.getTime() ?? []);
        const next = Math.min(until, ...waits.filter((at) => at > now));
        // Just before it is asked again, nothing has happened that a session had to end for.
        const early = next > now + 1 ? [...history, { at: next - 1, world: history.at(-1)!.world }] : history;
        const overslept = live.ids().filter((id) => verdict(early, live.get(id)!.request) !== "on");
        expect({ number, now, overslept }).toEqual({ number, now, overslept: [] });
        now = next;
        if (now < until) {
          seen.waits += 1;
          await look("the clock");
        } else break;
      }
      now = until;
      await look("later");
    }
    seen.on += live.size;
    live.stop();
    expect(failures).toEqual([]);
  }
  for (const [what, count] of Object.entries(seen))
    expect({ what, enough: count > 20 }).toEqual({ what, enough: true });
}, 300_000);
