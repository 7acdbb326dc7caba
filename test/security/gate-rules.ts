import { createAccessRule, createCommandGroup } from "../../src/assets/schema.ts";
import type { Client } from "../support/program.ts";

/** An access rule that is off, and the command group that it names. */
export async function makeRules(
  admin: Client,
  names: { readonly accessRule: string; readonly commands: string },
): Promise<{ accessRuleId: string; commandGroupId: string }> {
  const group = await admin.call(createCommandGroup, { name: names.commands, commands: ["shutdown"] });
  const rule = await admin.call(createAccessRule, {
    kind: "command",
    name: names.accessRule,
    action: "reject",
    active: false,
    settings: { groupIds: [group.id] },
  });
  return { accessRuleId: rule.id, commandGroupId: group.id };
}
