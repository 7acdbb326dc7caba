import { z } from "zod";
import { type Actor, Fault, newId, notFound, type Registry } from "../../core/index.ts";
import { type Db, serve, violated } from "../../db/index.ts";
import { changedMeanwhile } from "../../iam/index.ts";
import { findAsset, listAssets, replaceNodes, replaceProtocols } from "./asset.store.ts";
import { acceptOffered, listHostKeys } from "./host-key.store.ts";
import { rootOf } from "./node.ts";
import type { AssetDetail } from "./schema.ts";
import * as schema from "./schema.ts";

/** What the inventory needs to know of a protocol. */
export interface ProtocolEntry {
  readonly kind: string;
  readonly title: string;
  readonly surface: "terminal" | "desktop" | "database" | "files";
  readonly defaultPort: number;
  readonly credentials: readonly string[];
  readonly settings: z.ZodType;
}

type Protocols = Registry<ProtocolEntry>;
type NewProtocol = z.output<typeof schema.AssetProtocol>;

const orgOf = (actor: Actor): string => actor.orgId ?? "";

/** The asset with its host keys, as the actor's organization has it; Fault `not_found` otherwise. */
export async function visibleAsset(db: Db, actor: Actor, id: string): Promise<AssetDetail> {
  const asset = await findAsset(db, orgOf(actor), id);
  if (!asset) throw notFound("asset");
  const keys = await listHostKeys(db, orgOf(actor), id);
  const hostKeys = keys.map((key) => ({
    ...key,
    state: key.state as "pinned" | "offered",
    seenAt: key.seenAt.toISOString(),
  }));
  return { ...asset, hostKeys };
}

function nameTaken(name: string): (error: unknown) => never {
  return (error) => {
    if (violated(error) !== "asset_name_is_unique") throw error;
    throw new Fault("conflict", `There is an asset "${name}" already. Choose another name.`);
  };
}

/** Settings as the protocol's own schema reads them. Fault `invalid` naming the field. */
function checkProtocols(known: Protocols, protocols: readonly NewProtocol[]): NewProtocol[] {
  const kinds = new Set(protocols.map(({ kind }) => kind));
  if (kinds.size !== protocols.length) throw new Fault("invalid", "protocols: give each protocol once.");
  return protocols.map(({ kind, port, settings }) => {
    const parsed = known.get(kind).settings.safeParse(settings);
    if (parsed.success) return { kind, port, settings: parsed.data as Record<string, unknown> };
    const issue = parsed.error.issues[0];
    throw new Fault("invalid", `protocols, ${kind}, ${issue?.path.join(".")}: ${issue?.message}`);
  });
}

async function placeInNodes(db: Db, actor: Actor, assetId: string, nodeIds: readonly string[]): Promise<void> {
  const places = nodeIds.length > 0 ? nodeIds : [await rootOf(db, orgOf(actor))];
  await replaceNodes(db, orgOf(actor), assetId, places).catch((error) => {
    if (violated(error) === "asset_node_node_is_of_the_organization") throw notFound("node");
    throw error;
  });
}

/** Reading and changing assets; `protocols` is the list of known ones. */
export function assetActions({ protocols: known }: { protocols: Protocols }) {
  const create = serve(schema.createAsset, {
    access: "granted",
    async run({ db, actor, about }, { protocols, nodeIds, ...asset }) {
      const checked = checkProtocols(known, protocols);
      const id = newId();
      about({ kind: "asset", id, name: asset.name });
      await db
        .insertInto("asset")
        .values({ id, org_id: orgOf(actor), ...asset })
        .execute()
        .catch(nameTaken(asset.name));
      await replaceProtocols(db, orgOf(actor), id, checked);
      await placeInNodes(db, actor, id, nodeIds);
      return visibleAsset(db, actor, id);
    },
  });

  const update = serve(schema.updateAsset, {
    access: "granted",
    async run({ db, actor, now, about, changed }, { id, version, protocols, nodeIds, ...changes }) {
      const before = await visibleAsset(db, actor, id);
      about({ kind: "asset", id, name: before.name });
      const done = await db
        .updateTable("asset")
        .set({ ...changes, version: version + 1, updated_at: now })
        .where("org_id", "=", orgOf(actor))
        .where("id", "=", id)
        .where("version", "=", version)
        .executeTakeFirst()
        .catch(nameTaken(changes.name ?? before.name));
      if (done.numUpdatedRows !== 1n) throw changedMeanwhile("asset", before);
      if (protocols) await replaceProtocols(db, orgOf(actor), id, checkProtocols(known, protocols));
      if (nodeIds) await placeInNodes(db, actor, id, nodeIds);
      const after = await visibleAsset(db, actor, id);
      changed(before, after);
      return after;
    },
  });

  const remove = serve(schema.deleteAsset, {
    access: "granted",
    async run({ db, actor, about }, { id }) {
      const asset = await visibleAsset(db, actor, id);
      about({ kind: "asset", id, name: asset.name });
      await db.deleteFrom("asset").where("org_id", "=", orgOf(actor)).where("id", "=", id).execute();
      return {};
    },
  });

  const accept = serve(schema.acceptHostKey, {
    access: "granted",
    async run({ db, actor, about, note }, { id, port, fingerprint }) {
      const asset = await visibleAsset(db, actor, id);
      about({ kind: "asset", id, name: asset.name });
      note({
        pinnedBefore: asset.hostKeys.find((key) => key.state === "pinned" && key.port === port)?.fingerprint ?? null,
      });
      const place = { orgId: orgOf(actor), assetId: id, host: asset.host };
      if (!(await acceptOffered(db, place, { port, fingerprint }))) {
        throw new Fault(
          "conflict",
          "The target has not offered this key. Connect once more and compare the fingerprint it offers.",
        );
      }
      return visibleAsset(db, actor, id);
    },
  });

  const listKnown = serve(schema.listProtocols, {
    access: "signed-in",
    run: async () => ({
      items: known.list().map(({ kind, title, surface, defaultPort, credentials, settings }) => ({
        kind,
        title,
        surface,
        defaultPort,
        secretKinds: [...credentials],
        settings: z.toJSONSchema(settings, { io: "input" }) as Record<string, unknown>,
      })),
    }),
  });

  return [
    serve(schema.listAssets, { access: "granted", run: ({ db, actor }, input) => listAssets(db, orgOf(actor), input) }),
    serve(schema.readAsset, { access: "granted", run: ({ db, actor }, { id }) => visibleAsset(db, actor, id) }),
    create,
    update,
    remove,
    accept,
    listKnown,
  ];
}
