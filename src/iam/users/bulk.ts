import { type Actor, Fault } from "../../core/index.ts";
import { type Db, serve } from "../../db/index.ts";
import type { z } from "zod";
import { createSeen, inParallel, outcomeOf, type RunRow } from "../../platform/index.ts";
import * as schema from "../schema.ts";
import { findUser, groupIdsOf } from "./user.store.ts";

/** Below the pool, and low enough that others get their turn. */
const AT_ONCE = 4;

type Work = z.output<typeof schema.bulkUsers.input>["work"];
interface One {
  readonly id: string | null;
  readonly subject: string;
  work(): Promise<unknown>;
}

/** Many users in one call; a row that is refused stops no other. */
export function bulkActions(db: Db, runRow: RunRow) {
  const bulk = serve(schema.bulkUsers, {
    access: "granted",
    async before({ actor }, { work }) {
      const rows = work.do === "create" ? toCreate(work.users, actor) : await toChange(work, actor);
      const done: schema.BulkRow[] = [];
      await inParallel(rows, AT_ONCE, async ({ id, subject, work: row }, index) => {
        done[index] = { id, subject, ...(await outcomeOf(row)) };
      });
      return done;
    },
    async run({ prepared: rows, note }, { work }) {
      const failed = rows.filter(({ outcome }) => outcome === "failed").length;
      note({ do: work.do, done: rows.length - failed, failed });
      return { done: rows.length - failed, failed, rows };
    },
  });

  function toCreate(users: readonly Record<string, unknown>[], actor: Actor): One[] {
    const seen = createSeen();
    return users.map((user, index) => {
      const loginName = typeof user.loginName === "string" ? user.loginName.slice(0, 128) : "";
      const earlier = seen(loginName, index + 1);
      const work = async () => {
        if (earlier) throw new Fault("conflict", `Row ${earlier} has the same login name.`);
        return runRow(actor, schema.createUser, user);
      };
      return { id: null, subject: loginName, work };
    });
  }

  async function toChange(work: Exclude<Work, { do: "create" }>, actor: Actor): Promise<One[]> {
    const ids = [...new Set(work.ids)];
    const members = await db
      .selectFrom("membership")
      .innerJoin("users", "users.id", "membership.user_id")
      .select(["users.id", "users.login_name as loginName"])
      .where("membership.org_id", "=", actor.orgId)
      .where("users.id", "in", ids)
      .execute();
    const seen = new Map(members.map(({ id, loginName }) => [id, loginName]));
    return ids.map((id) => ({ id, subject: seen.get(id) ?? id, work: () => changeOne(work, actor, id) }));
  }

  async function changeOne(work: Exclude<Work, { do: "create" }>, actor: Actor, id: string): Promise<unknown> {
    if (work.do === "delete") return runRow(actor, schema.deleteUser, { id });
    const user = await findUser(db, actor.orgId ?? "", id);
    const change = (fields: object) => runRow(actor, schema.updateUser, { id, version: user?.version ?? 1, ...fields });
    if (work.do === "update") return change(work.fields);
    if (work.do === "roles") return change({ roles: mixed(user?.roles ?? [], work) });
    if (work.do === "groups") return change({ groupIds: mixed(await groupIdsOf(db, actor.orgId ?? "", id), work) });
    return change({ active: work.do === "enable" });
  }

  return [bulk];
}

const mixed = (
  held: readonly string[],
  { add, take }: { readonly add: readonly string[]; readonly take: readonly string[] },
) => [...new Set([...held.filter((one) => !take.includes(one)), ...add])];
