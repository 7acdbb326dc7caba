import { z } from "zod";
import { Done, endpoint, listInput, listOutput } from "../../core/endpoint.ts";
import { Comment, Host, Id, Moment, Name, Named, plain, Port, Version } from "../../core/fields.ts";

export const ProtocolKind = plain(z.string().regex(/^[a-z0-9_-]{1,32}$/, "Not a protocol."));

export const AssetProtocol = z.object({
  kind: ProtocolKind,
  port: Port,
  settings: z.record(z.string().max(64), z.unknown()).default({}),
});

export const Node = z.object({
  id: Id,
  parentId: Id.nullable(),
  name: Name,
  version: Version,
  /** Distinct assets in the node and below. */
  assets: z.number().int(),
  hasChildren: z.boolean(),
});
export type Node = z.output<typeof Node>;

export const listNodes = endpoint({
  route: "GET /nodes",
  name: "node.list",
  title: "List the children of a node (the root without parentId), with counts; search looks in the whole tree",
  input: listInput({ parentId: Id.optional() }),
  output: listOutput(Node.extend({ path: z.array(Named) })),
});

export const createNode = endpoint({
  route: "POST /nodes",
  name: "node.create",
  title: "Create a node",
  input: z.object({ parentId: Id, name: Name }),
  output: Node,
});

export const updateNode = endpoint({
  route: "PATCH /nodes/:id",
  name: "node.update",
  title: "Rename or move a node",
  input: z.object({ id: Id, version: Version, name: Name.optional(), parentId: Id.optional() }),
  output: Node,
});

export const deleteNode = endpoint({
  route: "DELETE /nodes/:id",
  name: "node.delete",
  title: "Delete an empty node",
  input: z.object({ id: Id }),
  output: Done,
});

export const HostKey = z.object({
  host: Host,
  port: Port,
  state: z.enum(["pinned", "offered"]),
  algorithm: plain(z.string()),
  fingerprint: plain(z.string()),
  seenAt: Moment,
});

export const Asset = z.object({
  id: Id,
  name: Name,
  host: Host,
  comment: Comment,
  active: z.boolean(),
  protocols: z.array(AssetProtocol),
  nodes: z.array(Named),
  accounts: z.number().int(),
  version: Version,
  createdAt: Moment,
  updatedAt: Moment,
});
export type Asset = z.output<typeof Asset>;

export const AssetDetail = Asset.extend({ hostKeys: z.array(HostKey) });
export type AssetDetail = z.output<typeof AssetDetail>;

export const listAssets = endpoint({
  route: "GET /assets",
  name: "asset.list",
  title: "List assets; nodeId gives all below that node",
  input: listInput({ nodeId: Id.optional(), active: z.stringbool().optional(), protocol: ProtocolKind.optional() }),
  output: listOutput(Asset),
});

export const readAsset = endpoint({
  route: "GET /assets/:id",
  name: "asset.read",
  title: "Read one asset with its host keys",
  input: z.object({ id: Id }),
  output: AssetDetail,
});

const protocols = z.array(AssetProtocol).min(1, "Give at least one protocol.").max(16);
const nodeIds = z.array(Id).max(100);

export const createAsset = endpoint({
  route: "POST /assets",
  name: "asset.create",
  title: "Create an asset; without nodes it goes to the root",
  input: z.object({
    name: Name,
    host: Host,
    comment: Comment.default(""),
    active: z.boolean().default(true),
    protocols,
    nodeIds: nodeIds.default([]),
  }),
  output: AssetDetail,
});

export const updateAsset = endpoint({
  route: "PATCH /assets/:id",
  name: "asset.update",
  title: "Change an asset, enable or disable it",
  input: z.object({
    id: Id,
    version: Version,
    name: Name.optional(),
    host: Host.optional(),
    comment: Comment.optional(),
    active: z.boolean().optional(),
    protocols: protocols.optional(),
    nodeIds: nodeIds.optional(),
  }),
  output: AssetDetail,
});

export const deleteAsset = endpoint({
  route: "DELETE /assets/:id",
  name: "asset.delete",
  title: "Delete an asset with its accounts; live sessions end, recordings stay",
  input: z.object({ id: Id }),
  output: Done,
});

export const acceptHostKey = endpoint({
  route: "POST /assets/:id/host-key",
  name: "asset.host-key.accept",
  title: "Accept the host key that the target offered in place of the pinned one",
  input: z.object({ id: Id, port: Port, fingerprint: plain(z.string().min(1).max(200)) }),
  output: AssetDetail,
});

export const ProtocolInfo = z.object({
  kind: ProtocolKind,
  title: plain(z.string()),
  surface: z.enum(["terminal", "desktop", "database", "files"]),
  defaultPort: Port,
  secretKinds: z.array(plain(z.string())),
  /** JSON schema of the protocol's settings, for drawing the form. */
  settings: z.record(z.string(), z.unknown()),
});

export const listProtocols = endpoint({
  route: "GET /protocols",
  name: "protocol.list",
  title: "List the protocols that assets may have",
  input: z.object({}),
  output: z.object({ items: z.array(ProtocolInfo) }),
});
