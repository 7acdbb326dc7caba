import type { z } from "zod";
import { type Actor, changedMeanwhile, Fault, newId, notFound } from "../../core/index.ts";
import { type Db, serve, violated } from "../../db/index.ts";
import { findRule, listRules, replaceRuleSide, type Side, SIDE_NAMES } from "./request-rule.store.ts";
import * as schema from "./schema.ts";
import type { RequestRule } from "./schema.ts";

const orgOf = (actor: Actor): string => actor.orgId ?? "";

async function visible(db: Db, actor: Actor, id: string): Promise<RequestRule> {
  const rule = await findRule(db, orgOf(actor), id);
  if (!rule) throw notFound("request rule");
  return rule;
}

type Fields = Omit<z.output<typeof schema.updateRequestRule.input>, "id" | "version">;

const columns = (fields: Fields) => ({
  name: fields.name,
  comment: fields.comment,
  priority: fields.priority,
  active: fields.active,
  for_everybody: fields.forEverybody,
  covers_everything: fields.coversEverything,
  break_glass: fields.breakGlass,
  longest_minutes: fields.longestMinutes,
});

function refusal(name: string): (error: unknown) => never {
  return (error) => {
    const broken = violated(error);
    if (broken === "request_rule_name_is_unique")
      throw new Fault("conflict", `There is a request rule "${name}" already. Choose another name.`);
    if (broken === "break_glass_is_for_marked_groups") throw onlyGroups();
    throw error;
  };
}

const onlyGroups = (): Fault =>
  new Fault("invalid", "breakGlass: who may break glass is named by groups, not one by one and not everybody.");

const WHAT: Record<Side, string> = {
  askerUserIds: "user",
  askerGroupIds: "group",
  reviewerUserIds: "user",
  reviewerGroupIds: "group",
  assetIds: "asset",
  nodeIds: "node",
};

async function replaceSides(db: Db, actor: Actor, ruleId: string, fields: Fields): Promise<void> {
  for (const side of SIDE_NAMES) {
    const ids = fields[side];
    if (!ids) continue;
    await replaceRuleSide(db, { orgId: orgOf(actor), ruleId, side, ids }).catch((error) => {
      if (violated(error)?.endsWith("_is_of_the_organization")) throw notFound(WHAT[side]);
      throw error;
    });
  }
}

/** The rule as it is after a write. */
async function written(db: Db, actor: Actor, id: string): Promise<RequestRule> {
  const rule = await visible(db, actor, id);
  if (rule.breakGlass && rule.askerUsers.length > 0) throw onlyGroups();
  return rule;
}

const create = serve(schema.createRequestRule, {
  access: "granted",
  async run({ db, actor, about }, input) {
    const id = newId();
    about({ kind: "request-rule", id, name: input.name });
    await db
      .insertInto("request_rule")
      .values({ ...columns(input), id, org_id: orgOf(actor), name: input.name, longest_minutes: input.longestMinutes })
      .execute()
      .catch(refusal(input.name));
    await replaceSides(db, actor, id, input);
    return written(db, actor, id);
  },
});

const update = serve(schema.updateRequestRule, {
  access: "granted",
  async run({ db, actor, now, about, changed }, { id, version, ...fields }) {
    const before = await visible(db, actor, id);
    about({ kind: "request-rule", id, name: before.name });
    const done = await db
      .updateTable("request_rule")
      .set({ ...columns(fields), version: version + 1, updated_at: now })
      .where("org_id", "=", orgOf(actor))
      .where("id", "=", id)
      .where("version", "=", version)
      .executeTakeFirst()
      .catch(refusal(fields.name ?? before.name));
    if (done.numUpdatedRows !== 1n) throw changedMeanwhile("request rule", before);
    await replaceSides(db, actor, id, fields);
    const after = await written(db, actor, id);
    changed(before, after);
    return after;
  },
});

const remove = serve(schema.deleteRequestRule, {
  access: "granted",
  async run({ db, actor, about }, { id }) {
    const rule = await visible(db, actor, id);
    about({ kind: "request-rule", id, name: rule.name });
    await db.deleteFrom("request_rule").where("org_id", "=", orgOf(actor)).where("id", "=", id).execute();
    return {};
  },
});

export const requestRuleActions = () => [
  serve(schema.listRequestRules, {
    access: "granted",
    run: ({ db, actor }, input) => listRules(db, orgOf(actor), input),
  }),
  serve(schema.readRequestRule, { access: "granted", run: ({ db, actor }, { id }) => visible(db, actor, id) }),
  create,
  update,
  remove,
];
