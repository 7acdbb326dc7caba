import { sql } from "kysely";
import { notFound } from "../../../core/index.ts";
import { violated } from "../../../db/index.ts";
import { CommandSettings } from "../schema/settings.ts";
import { accessRuleKind } from "./kind.ts";

/** Commands that are typed in a session; see `createCommandFilter`. */
export const command = accessRuleKind({
  kind: "command",
  title: "Commands",
  actions: ["reject", "accept", "review", "warn", "notify"],
  settings: CommandSettings,
  async saved(db, { orgId, id }, { groupIds }) {
    const wanted = [...new Set(groupIds)];
    await sql`delete from access_rule_command_group where org_id = ${orgId} and rule_id = ${id}`.execute(db);
    await sql`insert into access_rule_command_group (org_id, rule_id, group_id)
      select ${orgId}::uuid, ${id}::uuid, g from unnest(${wanted}::uuid[]) as g`
      .execute(db)
      .catch((error) => {
        if (violated(error) === "command_group_is_of_the_organization") throw notFound("command group");
        throw error;
      });
  },
});
