import { z } from "zod";
import { Done, endpoint, listInput, listOutput } from "../../core/endpoint.ts";
import { Comment, Host, Id, Moment, Name, Named, plain, Port, Version } from "../../core/fields.ts";
import { AssetProtocol, Node, ProtocolKind } from "../inventory/schema.ts";
import { Destination } from "./schema/destination.ts";
import { Mark } from "../marks/schema.ts";

/** Rules store the words themselves: one saved with all of them gains none that comes later. */
export const GRANT_ACTIONS = ["connect", "upload", "download", "copy", "paste", "delete", "share", "forward"] as const;
export const GrantAction = z.enum(GRANT_ACTIONS);
export type GrantAction = z.output<typeof GrantAction>;

const AccountName = plain(z.string().trim().min(1).max(128));

/** Accounts that no asset stores. */
export const VirtualAccount = z.enum(["manual", "same_name", "anonymous"]);
export type VirtualAccount = z.output<typeof VirtualAccount>;

export const GrantAccounts = z.object({
  /** Every active account stored on the asset. */
  all: z.boolean().default(false),
  /** These names match the account of that name on every asset of the rule. `*` is a name like any other. */
  names: z.array(AccountName).max(200).default([]),
  /** Never these, whatever other rules say. */
  excluded: z.array(AccountName).max(200).default([]),
  manual: z.boolean().default(false),
  sameName: z.boolean().default(false),
  anonymous: z.boolean().default(false),
});

export const GrantProtocols = z.object({
  all: z.boolean().default(false),
  kinds: z.array(ProtocolKind).max(50).default([]),
});

/** What becomes of live sessions when the rule ends by the clock: they are cut, warned and cut after so many minutes, or kept. */
export const AtEnd = z.discriminatedUnion("what", [
  z.object({ what: z.literal("cut") }),
  z.object({ what: z.literal("warn"), minutes: z.number().int().min(1).max(120) }),
  z.object({ what: z.literal("keep") }),
]);
export type AtEnd = z.output<typeof AtEnd>;

/** Where ports may be forwarded to. */
export const ForwardTo = z.array(Destination).max(100);

const WHY_INEFFECTIVE = [
  "no-people",
  "no-assets",
  "no-accounts",
  "no-protocols",
  "no-actions",
  "inactive",
  "not-yet",
  "expired",
] as const;

export const Grant = z.object({
  id: Id,
  name: Name,
  comment: Comment,
  users: z.array(Named),
  groups: z.array(Named),
  assets: z.array(Named),
  nodes: z.array(Named),
  accounts: GrantAccounts,
  protocols: GrantProtocols,
  actions: z.array(GrantAction),
  forwardTo: ForwardTo,
  active: z.boolean(),
  startsAt: Moment,
  expiresAt: Moment.nullable(),
  atEnd: AtEnd,
  /** Why the rule grants nothing now; empty when it is in force. */
  ineffective: z.array(z.enum(WHY_INEFFECTIVE)),
  /** The request that made it; null: an administrator did. */
  ticketId: Id.nullable(),
  version: Version,
  createdAt: Moment,
});
export type Grant = z.output<typeof Grant>;

const grantFields = {
  name: Name,
  comment: Comment,
  userIds: z.array(Id).max(10_000),
  groupIds: z.array(Id).max(1000),
  assetIds: z.array(Id).max(10_000),
  nodeIds: z.array(Id).max(1000),
  accounts: GrantAccounts,
  protocols: GrantProtocols,
  actions: z.array(GrantAction).max(GRANT_ACTIONS.length),
  /** Asked for with the action `forward`. */
  forwardTo: ForwardTo,
  active: z.boolean(),
  startsAt: Moment,
  expiresAt: Moment.nullable(),
  atEnd: AtEnd,
};

export const listGrants = endpoint({
  route: "GET /grants",
  name: "grant.list",
  title: "List permission rules",
  input: listInput({
    userId: Id.optional(),
    groupId: Id.optional(),
    assetId: Id.optional(),
    nodeId: Id.optional(),
    /** Active rules that end within so many days, the next one first. */
    expiringDays: z.coerce.number().int().min(1).max(3650).optional(),
  }),
  output: listOutput(Grant),
});

export const readGrant = endpoint({
  route: "GET /grants/:id",
  name: "grant.read",
  title: "Read one permission rule",
  input: z.object({ id: Id }),
  output: Grant,
});

export const createGrant = endpoint({
  route: "POST /grants",
  name: "grant.create",
  title: "Create a permission rule",
  input: z.object({
    ...grantFields,
    comment: Comment.default(""),
    userIds: grantFields.userIds.default([]),
    groupIds: grantFields.groupIds.default([]),
    assetIds: grantFields.assetIds.default([]),
    nodeIds: grantFields.nodeIds.default([]),
    actions: grantFields.actions.default(["connect"]),
    forwardTo: ForwardTo.default([]),
    active: z.boolean().default(true),
    startsAt: Moment.optional(),
    expiresAt: Moment.nullable().default(null),
    /** Left out: what the organization's settings say. */
    atEnd: AtEnd.optional(),
  }),
  output: Grant,
});

export const updateGrant = endpoint({
  route: "PATCH /grants/:id",
  name: "grant.update",
  title: "Change a permission rule; live sessions it no longer covers end",
  input: z.object(grantFields).partial().extend({ id: Id, version: Version }),
  output: Grant,
});

export const deleteGrant = endpoint({
  route: "DELETE /grants/:id",
  name: "grant.delete",
  title: "Delete a permission rule; live sessions it alone covered end",
  input: z.object({ id: Id }),
  output: Done,
});

/** What keeps a rule from giving what is asked: its own fields, then other rules. */
const LACKS = [
  "other-person",
  "other-asset",
  "inactive",
  "not-yet",
  "expired",
  "no-accounts",
  "no-protocols",
  "no-actions",
  "only-excludes",
  "other-account",
  "other-action",
  "other-destination",
  "other-protocol",
  "excludes",
  "excluded",
] as const;

export const Explanation = z.object({
  at: Moment,
  person: Named,
  asset: Named,
  /** The one asked for; else the first that is allowed, or the first. Null: the asset has none. */
  account: Named.nullable(),
  protocol: ProtocolKind,
  action: GrantAction,
  allowed: z.boolean(),
  until: Moment.nullable(),
  nextChange: Moment.nullable(),
  /** What denies it whatever rules say. */
  obstacles: z.array(
    z.enum(["person-disabled", "asset-disabled", "no-account", "account-disabled", "protocol-missing"]),
  ),
  /** The rules that name the person or cover the asset, at most 200; those that do both come first. */
  rules: z.array(
    z.object({
      id: Id,
      name: Name,
      gives: z.boolean(),
      /** Groups by which it names the person; empty: by name; null: not at all. */
      throughGroups: z.array(Named).nullable(),
      /** Nodes by which it covers the asset; empty: by name; null: not at all. */
      throughNodes: z.array(Named).nullable(),
      lacks: z.array(z.enum(LACKS)),
    }),
  ),
  /** The rule whose change would be the smallest; null where it is allowed, or no rule helps. */
  change: Named.nullable(),
});
export type Explanation = z.output<typeof Explanation>;

export const readExplanation = endpoint({
  route: "GET /grant-explanation",
  name: "grant.explanation.read",
  title: "Explain why a person may do something on an asset, or why not",
  input: z.object({
    userId: Id,
    assetId: Id,
    accountId: Id.optional(),
    protocol: ProtocolKind.optional(),
    action: GrantAction.default("connect"),
    /** Where to, for `forward`. */
    host: Host.optional(),
    port: z.coerce.number().pipe(Port).optional(),
    at: Moment.optional(),
  }),
  output: Explanation,
});

export const previewGrant = endpoint({
  route: "POST /grant-preview",
  name: "grant.preview",
  title: "Count the people and assets that a rule would join",
  reads: true,
  input: z.object({
    userIds: grantFields.userIds.default([]),
    groupIds: grantFields.groupIds.default([]),
    assetIds: grantFields.assetIds.default([]),
    nodeIds: grantFields.nodeIds.default([]),
  }),
  /** Distinct active members, and distinct active assets, also those of groups and below nodes. */
  output: z.object({ people: z.number().int(), assets: z.number().int() }),
});

export const ReachableAccount = z.object({
  id: Id,
  name: Name,
  username: plain(z.string()),
  actions: z.array(GrantAction),
});

export const ReachableAsset = z.object({
  id: Id,
  name: Name,
  host: Host,
  comment: Comment,
  nodes: z.array(Named),
  protocols: z.array(AssetProtocol.pick({ kind: true, port: true })),
  accounts: z.array(ReachableAccount),
  /** What may be done without a stored account: user name and secret are typed, or (same name) only the secret. */
  virtualAccounts: z.array(z.object({ kind: VirtualAccount, actions: z.array(GrantAction) })),
  ...Mark.shape,
});
export type ReachableAsset = z.output<typeof ReachableAsset>;

export const listMyAssets = endpoint({
  route: "GET /me/assets",
  name: "me.asset.list",
  title: "List the assets one may reach, with the accounts and actions",
  input: listInput({ nodeId: Id.optional(), favourites: z.literal("true").optional() }),
  output: listOutput(ReachableAsset),
});

export const listMyNodes = endpoint({
  route: "GET /me/nodes",
  name: "me.node.list",
  title: "List the children of a node that hold assets one may reach, with counts",
  input: listInput({ parentId: Id.optional() }),
  output: listOutput(Node.omit({ version: true })),
});

const ReachingActions = z.array(
  z.object({
    action: GrantAction,
    /** The rules that give it. */
    rules: z.array(Named),
    /** When it ends if nobody changes anything; null: never. */
    until: Moment.nullable(),
  }),
);

export const ReachingAccount = z.object({ id: Id, name: Name, username: plain(z.string()), actions: ReachingActions });
export type ReachingAccount = z.output<typeof ReachingAccount>;

export const ReachingPerson = z.object({
  id: Id,
  name: Name,
  loginName: plain(z.string()),
  accounts: z.array(ReachingAccount),
  /** What the person may do without a stored account. */
  virtualAccounts: z.array(z.object({ kind: VirtualAccount, actions: ReachingActions })),
});
export type ReachingPerson = z.output<typeof ReachingPerson>;

export const listAssetPeople = endpoint({
  route: "GET /assets/:id/people",
  name: "grant.person.list",
  title: "List who may reach an asset or one of its accounts, by which rules and until when",
  input: listInput({ id: Id, accountId: Id.optional() }),
  output: listOutput(ReachingPerson),
});
