import { type Actor, Fault } from "../../core/index.ts";
import { type Db, serve } from "../../db/index.ts";
import type { Platform } from "../../platform/index.ts";
import { accessKind, breakGlassKind, windowOf } from "./access.ts";
import { matchRule } from "./match.ts";
import { type Asker, findRequestableAssets, findRequestableNodes, someRuleNames } from "./match.store.ts";
import { begunWithinHour, lockAsker, waitingTickets } from "./request.store.ts";
import * as schema from "./schema.ts";
import { requestSettings } from "./settings.ts";

const MOST_WAITING = 20;
const MOST_AN_HOUR = 30;
const FARTHEST_START_MS = 90 * 86_400_000;

export const askerOf = (actor: Actor, breakGlass: boolean): Asker => {
  if (actor.kind !== "person" || !actor.id || !actor.orgId) throw new Fault("unauthenticated", "Sign in first.");
  return { orgId: actor.orgId, userId: actor.id, breakGlass };
};

/** A moment in words of a message. */
export const minuteOf = (at: Date): string => `${at.toISOString().slice(0, 16).replace("T", " ")} UTC`;

/** Faults while too many wait, or too many were asked within the hour: taking them back does not give them back. */
async function mustAskLess(db: Db, { orgId, userId }: Asker, now: Date): Promise<void> {
  const of = { orgId, userId, kind: accessKind.key, now };
  const { waiting } = await waitingTickets(db, { ...of, hours: 0 });
  if (waiting >= MOST_WAITING) {
    throw new Fault("too_many", `${waiting} of your requests wait already. Take some back first.`);
  }
  const first = await begunWithinHour(db, { ...of, many: MOST_AN_HOUR });
  if (!first) return;
  const retryAt = new Date(Math.ceil((first.getTime() + 3_600_000) / 60_000) * 60_000);
  throw new Fault(
    "too_many",
    `You have asked ${MOST_AN_HOUR} times within an hour. Try again at ${minuteOf(retryAt)}.`,
  );
}

/** In words, and with the names of what it is about. */
export function titleOf(what: string, { assets, nodes }: Pick<schema.AccessBody, "assets" | "nodes">): string {
  const names = [...nodes, ...assets].map(({ name }) => name);
  const shown = names.slice(0, 3).join(", ");
  return `${what}: ${shown}${names.length > 3 ? ` and ${names.length - 3} more` : ""}`;
}

export function tooLong(longestMinutes: number): Fault {
  return new Fault("invalid", `minutes: at most ${longestMinutes} minutes here.`, { longestMinutes });
}

/** When it begins and how long reviewers have. Fault `invalid` for a start that has passed or lies months ahead. */
function timesOf(startsAt: string | null, minutes: number, waitHours: number, now: Date): Date {
  const wait = now.getTime() + waitHours * 3_600_000;
  if (startsAt === null) return new Date(wait);
  const from = new Date(startsAt).getTime();
  if (from > now.getTime() + FARTHEST_START_MS) throw new Fault("invalid", "startsAt: at most 90 days ahead.");
  const { expiresAt } = windowOf({ startsAt, minutes }, now);
  if (expiresAt <= now) throw new Fault("invalid", "startsAt: that time is over.");
  return new Date(Math.min(wait, expiresAt.getTime()));
}

const ask = (platform: Pick<Platform, "settings" | "tickets">) =>
  serve(schema.requestAccess, {
    access: "signed-in",
    async run({ db, actor, now, about, note }, input) {
      const asker = askerOf(actor, false);
      const { longestHours, waitHours } = await platform.settings.read(requestSettings, asker.orgId, db);
      await lockAsker(db, asker.orgId, asker.userId);
      await mustAskLess(db, asker, now);
      const { rule, assets, nodes, reviewers } = await matchRule(db, asker, input);
      const longest = Math.min(rule.longestMinutes, longestHours * 60);
      if (input.minutes > longest) throw tooLong(longest);
      const { accounts, actions, startsAt, minutes, reason } = input;
      const body = {
        rule: { id: rule.id, name: rule.name },
        assets: [...assets],
        nodes: [...nodes],
        accounts: [...new Set(accounts)],
        actions: [...new Set(actions)],
        startsAt: startsAt === null ? null : new Date(startsAt).toISOString(),
        minutes,
      };
      const title = titleOf("Access", body);
      const expiresAt = timesOf(body.startsAt, minutes, waitHours, now);
      const asked = await platform.tickets.askTicket(db, actor, accessKind, {
        title,
        reason,
        body,
        reviewers,
        expiresAt,
      });
      about({ kind: "ticket", id: asked.id, name: title });
      note({ rule: rule.name });
      return { id: asked.id, reviewers: [...asked.reviewers] };
    },
  });

/** Whether the actor may ask or break glass, and what is owed. */
async function options(db: Db, actor: Actor, now: Date, platform: Pick<Platform, "settings">) {
  const asker = askerOf(actor, false);
  const { longestHours, namesAreShown, breakGlassMinutes, reviewHours } = await platform.settings.read(
    requestSettings,
    asker.orgId,
    db,
  );
  const owed = await waitingTickets(db, { ...asker, kind: breakGlassKind.key, hours: reviewHours, now });
  return {
    mayAsk: await someRuleNames(db, asker),
    mayBreakGlass: await someRuleNames(db, { ...asker, breakGlass: true }),
    namesAreShown,
    longestMinutes: longestHours * 60,
    breakGlassMinutes,
    owed: owed.waiting,
    overdue: owed.overdue > 0,
  };
}

/** Asking for access, and finding what one may ask for. */
export const requestActions = (platform: Pick<Platform, "settings" | "tickets">) => [
  ask(platform),
  serve(schema.readRequestOptions, {
    access: "signed-in",
    run: ({ db, actor, now }) => options(db, actor, now, platform),
  }),
  serve(schema.listRequestable, {
    access: "signed-in",
    async run({ db, actor }, { what, breakGlass, search, limit, cursor }) {
      const asker = askerOf(actor, breakGlass);
      const { namesAreShown } = await platform.settings.read(requestSettings, asker.orgId, db);
      const look = { search, parts: namesAreShown, limit, cursor };
      return what === "asset" ? findRequestableAssets(db, asker, look) : findRequestableNodes(db, asker, look);
    },
  }),
];
