import { createAccessRule, createCommandGroup } from "../../src/assets/schema.ts";
import { createSignInRule } from "../../src/iam/schema.ts";
import type { Client } from "../support/program.ts";

/** An access rule and a sign-in rule that are off, and the command group that the first names. */
export async function makeRules(
  admin: Client,
  names: { readonly accessRule: string; readonly commands: string },
): Promise<{ accessRuleId: string; commandGroupId: string; signInRuleId: string }> {
  const group = await admin.call(createCommandGroup, { name: names.commands, commands: ["shutdown"] });
  const rule = await admin.call(createAccessRule, {
    kind: "command",
    name: names.accessRule,
    action: "reject",
    active: false,
    settings: { groupIds: [group.id] },
  });
  const signIn = await admin.call(createSignInRule, {
    name: `sign-in-${names.accessRule}`,
    action: "reject",
    active: false,
  });
  return { signInRuleId: signIn.id, accessRuleId: rule.id, commandGroupId: group.id };
}
