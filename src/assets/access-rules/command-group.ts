import { sql } from "kysely";
import { type Actor, changedMeanwhile, Fault, newId, notFound } from "../../core/index.ts";
import { containing, type Db, page, serve, violated } from "../../db/index.ts";
import * as schema from "./schema.ts";
import type { CommandGroup } from "./schema.ts";

const orgOf = (actor: Actor): string => actor.orgId ?? "";

const groups = (db: Db, orgId: string) =>
  db
    .selectFrom("command_group as g")
    .where("g.org_id", "=", orgId)
    .selectAll("g")
    .select(
      sql<number>`(select count(*)::int from access_rule_command_group x where x.org_id = g.org_id and x.group_id = g.id)`.as(
        "rules",
      ),
    );

type Row = Awaited<ReturnType<ReturnType<typeof groups>["executeTakeFirstOrThrow"]>>;

const toGroup = ({ ignore_case, created_at, ...row }: Row): CommandGroup => ({
  ...row,
  ignoreCase: ignore_case,
  createdAt: created_at.toISOString(),
});

async function visibleGroup(db: Db, actor: Actor, id: string): Promise<CommandGroup> {
  const row = await groups(db, orgOf(actor)).where("g.id", "=", id).executeTakeFirst();
  if (!row) throw notFound("command group");
  return toGroup(row);
}

const refusal =
  (name: string) =>
  (error: unknown): never => {
    const broken = violated(error);
    if (broken === "command_group_name_is_unique")
      throw new Fault("conflict", `There is a command group "${name}" already. Choose another name.`);
    if (broken === "command_group_holds_something")
      throw new Fault("invalid", "commands: Give at least one command or pattern.");
    if (broken === "command_group_is_of_the_organization")
      throw new Fault("conflict", `Access rules name the command group "${name}". Take it out of them first.`);
    throw error;
  };

const columns = ({ ignoreCase, ...rest }: Partial<Omit<CommandGroup, "id" | "rules" | "version" | "createdAt">>) => ({
  ...rest,
  ...(ignoreCase !== undefined && { ignore_case: ignoreCase }),
});

const create = serve(schema.createCommandGroup, {
  access: "granted",
  async run({ db, actor, about }, input) {
    const id = newId();
    about({ kind: "command-group", id, name: input.name });
    const { ignoreCase, ...rest } = input;
    await db
      .insertInto("command_group")
      .values({ id, org_id: orgOf(actor), ...rest, ignore_case: ignoreCase })
      .execute()
      .catch(refusal(input.name));
    return visibleGroup(db, actor, id);
  },
});

const update = serve(schema.updateCommandGroup, {
  access: "granted",
  async run({ db, actor, now, about, changed }, { id, version, ...changes }) {
    const before = await visibleGroup(db, actor, id);
    about({ kind: "command-group", id, name: before.name });
    const done = await db
      .updateTable("command_group")
      .set({ ...columns(changes), version: version + 1, updated_at: now })
      .where("org_id", "=", orgOf(actor))
      .where("id", "=", id)
      .where("version", "=", version)
      .executeTakeFirst()
      .catch(refusal(changes.name ?? before.name));
    if (done.numUpdatedRows !== 1n) throw changedMeanwhile("command group", before);
    const after = await visibleGroup(db, actor, id);
    changed(before, after);
    return after;
  },
});

const remove = serve(schema.deleteCommandGroup, {
  access: "granted",
  async run({ db, actor, about }, { id }) {
    const group = await visibleGroup(db, actor, id);
    about({ kind: "command-group", id, name: group.name });
    await db
      .deleteFrom("command_group")
      .where("org_id", "=", orgOf(actor))
      .where("id", "=", id)
      .execute()
      .catch(refusal(group.name));
    return {};
  },
});

export const commandGroupActions = () => [
  serve(schema.listCommandGroups, {
    access: "granted",
    async run({ db, actor }, { search, cursor, limit }) {
      let query = groups(db, orgOf(actor));
      if (search) query = query.where("g.name", "ilike", containing(search));
      const { items, next } = await page(query, { by: "g.sort_name", id: "g.id", limit, cursor });
      return { items: items.map(toGroup), next };
    },
  }),
  serve(schema.readCommandGroup, { access: "granted", run: ({ db, actor }, { id }) => visibleGroup(db, actor, id) }),
  create,
  update,
  remove,
];
