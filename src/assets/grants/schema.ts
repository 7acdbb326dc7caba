import { z } from "zod";
import { Done, endpoint, listInput, listOutput } from "../../core/endpoint.ts";
import { Comment, Host, Id, Moment, Name, Named, plain, Version } from "../../core/fields.ts";
import { AssetProtocol, Node, ProtocolKind } from "../inventory/schema.ts";

export const GRANT_ACTIONS = ["connect", "upload", "download", "copy", "paste", "delete", "share"] as const;
export const GrantAction = z.enum(GRANT_ACTIONS);
export type GrantAction = z.output<typeof GrantAction>;

const AccountName = plain(z.string().trim().min(1).max(128));

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
  active: z.boolean(),
  startsAt: Moment,
  expiresAt: Moment.nullable(),
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
  active: z.boolean(),
  startsAt: Moment,
  expiresAt: Moment.nullable(),
};

export const listGrants = endpoint({
  route: "GET /grants",
  name: "grant.list",
  title: "List permission rules",
  input: listInput({ userId: Id.optional(), groupId: Id.optional(), assetId: Id.optional(), nodeId: Id.optional() }),
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
    active: z.boolean().default(true),
    startsAt: Moment.optional(),
    expiresAt: Moment.nullable().default(null),
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
});
export type ReachableAsset = z.output<typeof ReachableAsset>;

export const listMyAssets = endpoint({
  route: "GET /me/assets",
  name: "me.asset.list",
  title: "List the assets one may reach, with the accounts and actions",
  input: listInput({ nodeId: Id.optional() }),
  output: listOutput(ReachableAsset),
});

export const listMyNodes = endpoint({
  route: "GET /me/nodes",
  name: "me.node.list",
  title: "List the children of a node that hold assets one may reach, with counts",
  input: listInput({ parentId: Id.optional() }),
  output: listOutput(Node.omit({ version: true })),
});
