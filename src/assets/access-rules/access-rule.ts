import { z } from "zod";
import { type Actor, changedMeanwhile, Fault, newId, notFound, type Selector } from "../../core/index.ts";
import { type Db, serve, violated } from "../../db/index.ts";
import {
  countRules,
  findRule,
  listRules,
  missing,
  replaceReviewers,
  type ShownRow,
  toRule,
} from "./access-rule.store.ts";
import { accessRuleKinds } from "./kinds/index.ts";
import type { AnyAccessRuleKind } from "./kinds/kind.ts";
import { preview } from "./preview.ts";
import { previewCommand } from "./preview-command.ts";
import { isReadable } from "./rule-reading.ts";
import * as schema from "./schema.ts";
import type { AccessAction, AccessRule } from "./schema.ts";

const orgOf = (actor: Actor): string => actor.orgId ?? "";
const shown = (row: ShownRow): AccessRule => toRule(row, isReadable(row));

async function visibleRule(db: Db, actor: Actor, id: string): Promise<AccessRule> {
  const row = await findRule(db, orgOf(actor), id);
  if (!row) throw notFound("access rule");
  return shown(row);
}

const nameTaken =
  (name: string) =>
  (error: unknown): never => {
    if (violated(error) !== "access_rule_name_is_unique") throw error;
    throw new Fault("conflict", `There is an access rule "${name}" already. Choose another name.`);
  };

/** Every connection is judged by all of them, in one process. */
const MOST_RULES = 500;

async function mustHaveRoom(db: Db, orgId: string, kind: string): Promise<void> {
  if ((await countRules(db, orgId, kind)) < MOST_RULES) return;
  const { title } = accessRuleKinds.get(kind);
  throw new Fault(
    "conflict",
    `The organization has ${MOST_RULES} rules of the kind "${title}" already, the most there can be. Delete those that are switched off, or join several into one by conditions.`,
  );
}

/** What a rule is made of, whether it is new or changed. */
type Whole = Pick<AccessRule, "kind" | "action" | "users" | "assets" | "settings"> & { readonly reviewerIds: string[] };

function parsedSettings(kind: AnyAccessRuleKind, settings: unknown): Record<string, unknown> {
  const parsed: z.ZodSafeParseResult<unknown> = kind.settings.safeParse(settings);
  if (parsed.success) return parsed.data as Record<string, unknown>;
  const problems = parsed.error.issues.slice(0, 50).map(({ path, message }) => ({
    path: ["settings", ...path].join("."),
    message,
  }));
  throw new Fault("invalid", `${problems[0]?.path}: ${problems[0]?.message}`, { problems });
}

function mustFit(kind: AnyAccessRuleKind, action: AccessAction, reviewers: number): void {
  if (!kind.actions.includes(action))
    throw new Fault("invalid", `action: ${kind.title} knows ${kind.actions.join(", ")}.`);
  if ((action === "review" || action === "notify") && reviewers === 0)
    throw new Fault("invalid", `reviewerIds: Choose who ${action === "review" ? "decides" : "is told"}.`);
}

/** All that a rule names, by what it is and where it stands. */
function namedBy({ users, assets, reviewerIds }: Whole) {
  const valuesOf = (selector: Selector | null, name: string): string[] =>
    selector?.type === "attributes"
      ? selector.all.flatMap((condition) => (condition.name === name ? [condition.value].flat() : []))
      : [];
  const idsOf = (selector: Selector | null): readonly string[] => (selector?.type === "ids" ? selector.ids : []);
  return [
    ["user", "membership", idsOf(users)],
    ["user", "membership", reviewerIds],
    ["asset", "asset", idsOf(assets)],
    ["group", "user_group", valuesOf(users, "groups")],
    ["node", "node", valuesOf(assets, "nodes")],
  ] as const;
}

/** Nothing of another organization can be named; what the rule named before may be gone meanwhile. Fault `not_found`. */
async function mustBeHere(db: Db, orgId: string, whole: Whole, before: Whole | null): Promise<void> {
  const old = before && namedBy(before);
  for (const [place, [what, table, ids]] of namedBy(whole).entries()) {
    const known: readonly string[] = old?.[place]?.[2] ?? [];
    const added = ids.filter((id) => !known.includes(id));
    if ((await missing(db, orgId, table, added)) > 0) throw notFound(what);
  }
}

/** Checks the whole rule and returns its settings with their defaults. */
async function checked(
  db: Db,
  orgId: string,
  whole: Whole,
  before: Whole | null = null,
): Promise<Record<string, unknown>> {
  const kind = accessRuleKinds.get(whole.kind);
  mustFit(kind, whole.action, whole.reviewerIds.length);
  for (const side of ["users", "assets"] as const)
    if (!whole[side]) throw new Fault("invalid", `${side}: This version cannot read what was stored. Choose anew.`);
  await mustBeHere(db, orgId, whole, before);
  return parsedSettings(kind, whole.settings);
}

async function saveSides(
  db: Db,
  orgId: string,
  id: string,
  { kind, settings, reviewerIds }: Pick<Whole, "kind" | "settings" | "reviewerIds">,
): Promise<void> {
  await replaceReviewers(db, orgId, id, reviewerIds);
  await accessRuleKinds.get(kind).saved?.(db, { orgId, id }, settings);
}

const json = (value: unknown): string => JSON.stringify(value);

const create = serve(schema.createAccessRule, {
  access: "granted",
  async run({ db, actor, about }, input) {
    const id = newId();
    const orgId = orgOf(actor);
    about({ kind: "access-rule", id, name: input.name });
    const { kind, name, comment, notice, active, priority, action, accounts, users, assets } = input;
    const settings = await checked(db, orgId, input);
    await mustHaveRoom(db, orgId, kind);
    const columns = { kind, name, comment, notice, active, priority, action, accounts };
    await db
      .insertInto("access_rule")
      .values({ id, org_id: orgId, ...columns, users: json(users), assets: json(assets), settings: json(settings) })
      .execute()
      .catch(nameTaken(name));
    await saveSides(db, orgId, id, { ...input, settings: settings as AccessRule["settings"] });
    return visibleRule(db, actor, id);
  },
});

const update = serve(schema.updateAccessRule, {
  access: "granted",
  async run({ db, actor, now, about, changed }, { id, version, reviewerIds, users, assets, settings, ...plain }) {
    const orgId = orgOf(actor);
    const before = await visibleRule(db, actor, id);
    about({ kind: "access-rule", id, name: before.name });
    const old = { ...before, reviewerIds: before.reviewers.map((reviewer) => reviewer.id) };
    const whole = {
      kind: old.kind,
      action: plain.action ?? old.action,
      users: users ?? old.users,
      assets: assets ?? old.assets,
      settings: settings ?? old.settings,
      reviewerIds: reviewerIds ?? old.reviewerIds,
    };
    // Switching off needs nothing to be right: it is how a rule that nobody can read any more is got rid of.
    const given = Object.values({ reviewerIds, users, assets, settings, ...plain }).filter(
      (value) => value !== undefined,
    );
    const parsed = plain.active === false && given.length === 1 ? null : await checked(db, orgId, whole, old);
    const done = await db
      .updateTable("access_rule")
      .set({
        ...plain,
        ...(parsed && { users: json(whole.users), assets: json(whole.assets), settings: json(parsed) }),
        version: version + 1,
        updated_at: now,
      })
      .where("org_id", "=", orgId)
      .where("id", "=", id)
      .where("version", "=", version)
      .executeTakeFirst()
      .catch(nameTaken(plain.name ?? before.name));
    if (done.numUpdatedRows !== 1n) throw changedMeanwhile("access rule", before);
    if (parsed) await saveSides(db, orgId, id, { ...whole, settings: parsed as AccessRule["settings"] });
    const after = await visibleRule(db, actor, id);
    changed(before, after);
    return after;
  },
});

const remove = serve(schema.deleteAccessRule, {
  access: "granted",
  async run({ db, actor, about }, { id }) {
    const rule = await visibleRule(db, actor, id);
    about({ kind: "access-rule", id, name: rule.name });
    await db.deleteFrom("access_rule").where("org_id", "=", orgOf(actor)).where("id", "=", id).execute();
    return {};
  },
});

const reorder = serve(schema.reorderAccessRules, {
  access: "granted",
  async run({ db, actor, now, note }, { rules }) {
    const names: Record<string, number> = {};
    // In one order, so that two who reorder never wait for each other in a circle.
    for (const { id, version, priority } of rules.toSorted((one, other) => (one.id < other.id ? -1 : 1))) {
      const before = await visibleRule(db, actor, id);
      const done = await db
        .updateTable("access_rule")
        .set({ priority, version: version + 1, updated_at: now })
        .where("org_id", "=", orgOf(actor))
        .where("id", "=", id)
        .where("version", "=", version)
        .executeTakeFirst();
      if (done.numUpdatedRows !== 1n) throw changedMeanwhile("access rule", before);
      names[before.name] = priority;
    }
    note({ priorities: names });
    return {};
  },
});

export const accessRuleActions = () => [
  serve(schema.listAccessRuleKinds, {
    access: "granted",
    run: async (_, { search = "" }) => ({
      items: accessRuleKinds
        .list()
        .filter(({ kind, title }) => `${kind} ${title}`.toLowerCase().includes(search.toLowerCase()))
        .map(({ kind, title, actions, settings }) => ({
          kind,
          title,
          actions: [...actions],
          schema: z.toJSONSchema(settings, { io: "input", unrepresentable: "any" }) as Record<string, unknown>,
        })),
      next: null,
    }),
  }),
  serve(schema.listAccessRules, {
    access: "granted",
    async run({ db, actor }, input) {
      const { items, next } = await listRules(db, orgOf(actor), input);
      return { items: items.map(shown), next };
    },
  }),
  serve(schema.readAccessRule, { access: "granted", run: ({ db, actor }, { id }) => visibleRule(db, actor, id) }),
  serve(schema.previewAccess, {
    access: "granted",
    run: ({ db, actor, now }, input) => preview(db, orgOf(actor), input, now),
  }),
  serve(schema.previewCommand, {
    access: "granted",
    run: ({ db, actor }, input) => previewCommand(db, orgOf(actor), input),
  }),
  create,
  update,
  remove,
  reorder,
];
