import { randomUUID } from "node:crypto";

type Granted<T> = (other: "own" | "denied" | "not_found" | "invalid", ...inputs: object[]) => T[];

/** What strangers get of files of permission rules, of access rules and of sign-in rules, tried with rows of the first organization. */
export function ruleTries<T>(
  first: Readonly<
    Record<"adminId" | "assetId" | "accountId" | "accessRuleId" | "commandGroupId" | "signInRuleId", string>
  >,
  granted: Granted<T>,
): Record<string, T[]> {
  const { adminId, assetId, accountId, accessRuleId, commandGroupId, signInRuleId } = first;
  const named = (what: string): string => `${what}-${randomUUID()}`;
  const piece = { name: "f", number: 0, pieces: 1, content: "YQ==" };
  return {
    "grant.export": granted("own", { format: "csv" }, { format: "csv", assetId }),
    "grant.import.template": granted("own", { format: "csv" }),
    "grant.import.upload": granted("not_found", { ...piece, fileId: adminId }),
    "grant.import.preview": granted("not_found", { fileId: adminId }),
    "grant.import": granted("not_found", { fileId: adminId, mode: "both" }),
    "access-rule-kind.list": granted("own", {}),
    "access-rule.list": granted("own", {}, { kind: "connect" }, { search: "rule" }),
    "access-rule.read": granted("not_found", { id: accessRuleId }),
    "access-rule.create": granted(
      "not_found",
      ...[
        { users: { type: "ids", ids: [adminId] } },
        { assets: { type: "ids", ids: [assetId] } },
        { reviewerIds: [adminId], action: "review" },
      ].map((side) => ({ kind: "connect", name: named("r"), action: "reject", ...side })),
      {
        kind: "command",
        name: named("r"),
        action: "reject",
        settings: { groupIds: [commandGroupId] },
      },
    ),
    "access-rule.update": granted("not_found", { id: accessRuleId, version: 1, active: true }),
    "access-rule.delete": granted("not_found", { id: accessRuleId }),
    "access-rule.reorder": granted("not_found", { rules: [{ id: accessRuleId, version: 1, priority: 1 }] }),
    "access-rule.preview": granted("not_found", { userId: adminId, assetId, accountId }),
    "access-rule.preview-command": granted("not_found", { userId: adminId, assetId, accountId, line: "ls" }),
    "command-group.list": granted("own", {}),
    "command-group.read": granted("not_found", { id: commandGroupId }),
    "command-group.create": granted("invalid", { name: named("c") }),
    "command-group.update": granted("not_found", { id: commandGroupId, version: 1, commands: ["true"] }),
    "command-group.delete": granted("not_found", { id: commandGroupId }),
    "sign-in-rule.list": granted("denied", {}),
    "sign-in-rule.read": granted("denied", { id: signInRuleId }),
    "sign-in-rule.create": granted("denied", { name: named("r"), action: "reject" }),
    "sign-in-rule.update": granted("denied", { id: signInRuleId, version: 1, active: false }),
    "sign-in-rule.delete": granted("denied", { id: signInRuleId }),
    "sign-in-rule.reorder": granted("denied", { rules: [{ id: signInRuleId, version: 1, priority: 1 }] }),
    "sign-in-rule.preview": granted("denied", { userId: adminId }),
  };
}
