import { changedMeanwhile, Fault, newId, notFound } from "../../core/index.ts";
import { type Db, serve, violated } from "../../db/index.ts";
import { judgeSignIn, mustNotKeepOutOneself } from "./judge.ts";
import * as schema from "./schema.ts";
import type { SignInRule } from "./schema.ts";
import { findRule, listRules, replaceReviewers, toRule } from "./sign-in-rule.store.ts";

async function knownRule(db: Db, id: string): Promise<SignInRule> {
  const row = await findRule(db, id);
  if (!row) throw notFound("sign-in rule");
  return toRule(row);
}

const nameTaken =
  (name: string) =>
  (error: unknown): never => {
    if (violated(error) !== "sign_in_rule_name_is_unique") throw error;
    throw new Fault("conflict", `There is a sign-in rule "${name}" already. Choose another name.`);
  };

function mustHaveReviewers(action: SignInRule["action"], reviewers: number): void {
  if ((action === "review" || action === "notify") && reviewers === 0)
    throw new Fault("invalid", `reviewerIds: Choose who ${action === "review" ? "decides" : "is told"}.`);
}

async function saveReviewers(db: Db, id: string, ids: readonly string[] | undefined): Promise<void> {
  if (!ids) return;
  await replaceReviewers(db, id, ids).catch((error) => {
    if (violated(error) === "sign_in_rule_reviewer_user_id_fkey") throw notFound("user");
    throw error;
  });
}

const json = (value: unknown): string => JSON.stringify(value);

const create = serve(schema.createSignInRule, {
  access: "granted",
  async run({ db, actor, now, about }, { users, times, reviewerIds, ...fields }) {
    const id = newId();
    about({ kind: "sign-in-rule", id, name: fields.name });
    mustHaveReviewers(fields.action, reviewerIds.length);
    await db
      .insertInto("sign_in_rule")
      .values({ id, ...fields, users: json(users), times: times && json(times) })
      .execute()
      .catch(nameTaken(fields.name));
    await saveReviewers(db, id, reviewerIds);
    await mustNotKeepOutOneself(db, actor, now);
    return knownRule(db, id);
  },
});

const update = serve(schema.updateSignInRule, {
  access: "granted",
  async run({ db, actor, now, about, changed }, { id, version, users, times, reviewerIds, ...fields }) {
    const before = await knownRule(db, id);
    about({ kind: "sign-in-rule", id, name: before.name });
    mustHaveReviewers(fields.action ?? before.action, reviewerIds?.length ?? before.reviewers.length);
    const done = await db
      .updateTable("sign_in_rule")
      .set({
        ...fields,
        ...(users && { users: json(users) }),
        ...(times !== undefined && { times: times && json(times) }),
        version: version + 1,
        updated_at: now,
      })
      .where("id", "=", id)
      .where("version", "=", version)
      .executeTakeFirst()
      .catch(nameTaken(fields.name ?? before.name));
    if (done.numUpdatedRows !== 1n) throw changedMeanwhile("sign-in rule", before);
    await saveReviewers(db, id, reviewerIds);
    await mustNotKeepOutOneself(db, actor, now);
    const after = await knownRule(db, id);
    changed(before, after);
    return after;
  },
});

const remove = serve(schema.deleteSignInRule, {
  access: "granted",
  async run({ db, actor, now, about }, { id }) {
    const rule = await knownRule(db, id);
    about({ kind: "sign-in-rule", id, name: rule.name });
    await db.deleteFrom("sign_in_rule").where("id", "=", id).execute();
    await mustNotKeepOutOneself(db, actor, now);
    return {};
  },
});

const reorder = serve(schema.reorderSignInRules, {
  access: "granted",
  async run({ db, actor, now, note }, { rules }) {
    const priorities: Record<string, number> = {};
    // In one order, so that two who reorder never wait for each other in a circle.
    for (const { id, version, priority } of rules.toSorted((one, other) => (one.id < other.id ? -1 : 1))) {
      const before = await knownRule(db, id);
      const done = await db
        .updateTable("sign_in_rule")
        .set({ priority, version: version + 1, updated_at: now })
        .where("id", "=", id)
        .where("version", "=", version)
        .executeTakeFirst();
      if (done.numUpdatedRows !== 1n) throw changedMeanwhile("sign-in rule", before);
      priorities[before.name] = priority;
    }
    await mustNotKeepOutOneself(db, actor, now);
    note({ priorities });
    return {};
  },
});

const preview = serve(schema.previewSignIn, {
  access: "granted",
  async run({ db, now }, { userId, address = null, at }) {
    const there = await db.selectFrom("users").select("id").where("id", "=", userId).executeTakeFirst();
    if (!there) throw notFound("user");
    const { refusal, standings } = await judgeSignIn(db, userId, { address, now: at ? new Date(at) : now });
    return {
      allowed: refusal === null,
      message: refusal,
      rules: standings.map(({ row: { id, name, priority, action }, standing }) => ({
        id,
        name,
        priority,
        standing,
        action: action as schema.SignInAction,
      })),
    };
  },
});

/** Rules of the site about who may sign in, from where and when. */
export const signInRuleActions = () => [
  serve(schema.listSignInRules, {
    access: "granted",
    async run({ db }, input) {
      const { items, next } = await listRules(db, input);
      return { items: items.map(toRule), next };
    },
  }),
  serve(schema.readSignInRule, { access: "granted", run: ({ db }, { id }) => knownRule(db, id) }),
  preview,
  create,
  update,
  remove,
  reorder,
];
