import { z } from "zod";
import { Done, endpoint, listInput, listOutput } from "../../core/endpoint.ts";
import { Comment, Id, Moment, Name, Named, plain, Version } from "../../core/fields.ts";
import { type Attributes, Selector, selectorOver } from "../../core/selector.ts";
import { CONNECT_METHODS } from "./schema/settings.ts";

export { MATCHES } from "../../core/selector.ts";

export const ACCESS_ACTIONS = ["reject", "accept", "review", "warn", "notify", "mask"] as const;
export const AccessAction = z.enum(ACCESS_ACTIONS);
export type AccessAction = z.output<typeof AccessAction>;

/** By what people can be selected. A source is a backend's id or `password`; groups and roles go by id. */
export const USER_ATTRIBUTES = {
  loginName: "text",
  name: "text",
  email: "text",
  source: "set",
  groups: "set",
  roles: "set",
} as const satisfies Attributes;

/** By what assets can be selected. Nodes go by id and hold all below them. */
export const ASSET_ATTRIBUTES = {
  name: "text",
  host: "address",
  nodes: "set",
  protocols: "set",
} as const satisfies Attributes;

const Kind = plain(z.string().regex(/^[a-z0-9-]{1,32}$/, "Not a kind."));
const Text = plain(z.string());
/** Parsed by the kind. Holds no secrets. */
const Settings = plain(z.record(z.string().max(64), z.json()));
const AccountName = plain(z.string().trim().min(1).max(128));

const fields = {
  name: Name,
  comment: Comment,
  /** Words for the person whom the rule refuses, warns or keeps waiting. */
  notice: plain(z.string().trim().max(500, "At most 500 characters.")),
  active: z.boolean(),
  /** Smaller is asked first; equal ones by name. */
  priority: z.number().int().min(1, "From 1 to 100.").max(100, "From 1 to 100."),
  action: AccessAction,
  users: selectorOver(USER_ATTRIBUTES),
  assets: selectorOver(ASSET_ATTRIBUTES),
  /** Names of accounts; null: all of them. */
  accounts: z.array(AccountName).min(1, "Give a name, or choose all accounts.").max(200).nullable(),
  settings: Settings,
  reviewerIds: z.array(Id).max(50),
};

export const AccessRule = z.object({
  id: Id,
  kind: Kind,
  name: Name,
  comment: Comment,
  notice: Text,
  active: z.boolean(),
  priority: z.number().int(),
  action: AccessAction,
  /** Null: this version cannot read whom or what it means. */
  users: Selector.nullable(),
  assets: Selector.nullable(),
  accounts: z.array(AccountName).nullable(),
  settings: Settings,
  /** Who decides, or is told. */
  reviewers: z.array(Named.extend({ active: z.boolean() })),
  /** Why it does not do what it says: without reviewers it refuses; one that cannot be read refuses everybody; one that names what is gone may hit nobody. */
  problems: z.array(z.enum(["no-reviewers", "unreadable", "names-gone"])),
  version: Version,
  createdAt: Moment,
});
export type AccessRule = z.output<typeof AccessRule>;

export const AccessRuleKind = z.object({
  kind: Kind,
  title: Text,
  actions: z.array(AccessAction),
  /** JSON Schema (2020-12) of the settings. */
  schema: plain(z.record(z.string(), z.unknown())),
});
export type AccessRuleKind = z.output<typeof AccessRuleKind>;

export const listAccessRuleKinds = endpoint({
  route: "GET /access-rule-kinds",
  name: "access-rule-kind.list",
  title: "List the kinds of access rules, what each can do and the settings it takes",
  input: listInput({}),
  output: listOutput(AccessRuleKind),
});

export const listAccessRules = endpoint({
  route: "GET /access-rules",
  name: "access-rule.list",
  title: "List access rules in the order in which they are asked, those of one kind or all",
  input: listInput({ kind: Kind.optional() }),
  output: listOutput(AccessRule),
});

export const readAccessRule = endpoint({
  route: "GET /access-rules/:id",
  name: "access-rule.read",
  title: "Read one access rule",
  input: z.object({ id: Id }),
  output: AccessRule,
});

export const createAccessRule = endpoint({
  route: "POST /access-rules",
  name: "access-rule.create",
  title: "Create an access rule; live sessions that it refuses end",
  input: z.object({
    kind: Kind,
    ...fields,
    comment: Comment.default(""),
    notice: fields.notice.default(""),
    active: z.boolean().default(true),
    priority: fields.priority.default(50),
    users: fields.users.default({ type: "all" }),
    assets: fields.assets.default({ type: "all" }),
    accounts: fields.accounts.default(null),
    settings: Settings.default({}),
    reviewerIds: fields.reviewerIds.default([]),
  }),
  output: AccessRule,
});

export const updateAccessRule = endpoint({
  route: "PATCH /access-rules/:id",
  name: "access-rule.update",
  title: "Change an access rule; live sessions that it refuses end",
  input: z.object(fields).partial().extend({ id: Id, version: Version }),
  output: AccessRule,
});

export const deleteAccessRule = endpoint({
  route: "DELETE /access-rules/:id",
  name: "access-rule.delete",
  title: "Delete an access rule; what it refused is judged by the rules after it",
  input: z.object({ id: Id }),
  output: Done,
});

export const reorderAccessRules = endpoint({
  route: "PUT /access-rule-order",
  name: "access-rule.reorder",
  title: "Give access rules other priorities, all of them or none",
  input: z.object({
    rules: z
      .array(z.object({ id: Id, version: Version, priority: fields.priority }))
      .min(1)
      .max(200),
  }),
  output: Done,
});

/** How a rule stands to a question: what of it does not fit, or that it decides. */
export const RuleStanding = z.enum([
  "inactive",
  "users",
  "assets",
  "accounts",
  "circumstances",
  "decides",
  "not-asked",
]);

export const previewAccess = endpoint({
  route: "GET /access-rule-decision",
  name: "access-rule.preview",
  title: "Tell which access rules would decide for a person, an asset and an account, from an address, at a time",
  input: z.object({
    userId: Id,
    assetId: Id,
    accountId: Id,
    method: z.enum(CONNECT_METHODS).default("ssh-client"),
    address: plain(z.union([z.ipv4(), z.ipv6()])).optional(),
    at: Moment.optional(),
  }),
  output: z.object({
    allowed: z.boolean(),
    /** What the person would be told; null: nothing. */
    message: Text.nullable(),
    /** When the answer may change by the clock alone. */
    nextChange: Moment.nullable(),
    rules: z.array(
      Named.extend({
        kind: Kind,
        priority: z.number().int(),
        action: AccessAction,
        standing: RuleStanding,
      }),
    ),
  }),
});
export type AccessPreview = z.output<typeof previewAccess.output>;

export const previewCommand = endpoint({
  route: "POST /access-rule-command-decision",
  name: "access-rule.preview-command",
  title: "Tell which command rule would decide for a line that a person types",
  input: z.object({
    userId: Id,
    assetId: Id,
    accountId: Id,
    /** May hold what is nobody's business, and so stands in no event. */
    line: z.string().max(8192),
  }),
  output: z.object({
    /** Null: no rule fits, and the command is run. */
    rule: Named.extend({ action: AccessAction }).nullable(),
    /** The command or pattern of a group that was found in the line. */
    found: Text.nullable(),
    allowed: z.boolean(),
  }),
});
export type CommandPreview = z.output<typeof previewCommand.output>;

const CommandWord = plain(z.string().trim().min(1, "Give a command.").max(255, "At most 255 characters."));
const groupFields = {
  name: Name,
  comment: Comment,
  /** Whole words: `rm` is found in `sudo rm -rf /`, not in `rmdir`. */
  commands: z.array(CommandWord).max(500),
  /** A whole command: * is any text, ? any character. */
  patterns: z.array(CommandWord).max(500),
  ignoreCase: z.boolean(),
};

export const CommandGroup = z.object({
  id: Id,
  ...groupFields,
  /** How many rules name it. */
  rules: z.number().int(),
  version: Version,
  createdAt: Moment,
});
export type CommandGroup = z.output<typeof CommandGroup>;

export const listCommandGroups = endpoint({
  route: "GET /command-groups",
  name: "command-group.list",
  title: "List the command groups of the organization",
  input: listInput({}),
  output: listOutput(CommandGroup),
});

export const readCommandGroup = endpoint({
  route: "GET /command-groups/:id",
  name: "command-group.read",
  title: "Read one command group",
  input: z.object({ id: Id }),
  output: CommandGroup,
});

export const createCommandGroup = endpoint({
  route: "POST /command-groups",
  name: "command-group.create",
  title: "Create a command group",
  input: z.object({
    ...groupFields,
    comment: Comment.default(""),
    commands: groupFields.commands.default([]),
    patterns: groupFields.patterns.default([]),
    ignoreCase: z.boolean().default(true),
  }),
  output: CommandGroup,
});

export const updateCommandGroup = endpoint({
  route: "PATCH /command-groups/:id",
  name: "command-group.update",
  title: "Change a command group",
  input: z.object(groupFields).partial().extend({ id: Id, version: Version }),
  output: CommandGroup,
});

export const deleteCommandGroup = endpoint({
  route: "DELETE /command-groups/:id",
  name: "command-group.delete",
  title: "Delete a command group; refused while a rule names it",
  input: z.object({ id: Id }),
  output: Done,
});
