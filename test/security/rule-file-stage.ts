import { parse } from "csv-parse/sync";
import { stringify } from "csv-stringify/sync";
import type { z } from "zod";
import { openDoor } from "./door.ts";
import { fileStage } from "./file-stage.ts";
import type { Actor } from "../../src/core/index.ts";
import { createGroup } from "../../src/iam/schema.ts";
import {
  createAsset,
  createGrant,
  createNode,
  deleteGrant,
  type Grant,
  importGrants,
  listGrants,
  listNodes,
  uploadGrants,
} from "../../src/assets/schema.ts";

export const csv = (rows: readonly (readonly string[])[]): Buffer => Buffer.from(stringify(rows as string[][]));
export const cellsOf = (bytes: Buffer): string[][] => parse(bytes, { bom: true });

export type RuleFiles = Awaited<ReturnType<typeof openRuleFiles>>;

/** An organization with something for rules to name, an administrator, and files going in and out. */
export async function openRuleFiles() {
  const door = await openDoor();
  const files = fileStage(door);
  const admin = await door.person("rule-admin", { roles: ["administrator"] });

  const rootOf = async (actor: Actor): Promise<string> => (await door.call(actor, listNodes, {})).items[0]!.id;

  async function newAsset(actor: Actor, name: string): Promise<string> {
    const asset = { name, host: "10.0.0.9", protocols: [{ kind: "ssh", port: 22 }] };
    return (await door.call(actor, createAsset, asset)).id;
  }

  async function newNode(actor: Actor, ...path: string[]): Promise<string> {
    let parentId = await rootOf(actor);
    for (const name of path) ({ id: parentId } = await door.call(actor, createNode, { parentId, name }));
    return parentId;
  }

  async function start(actor: Actor, bytes: Uint8Array, mode: "create" | "update" | "both"): Promise<string> {
    const fileId = await files.upload(actor, uploadGrants, bytes);
    return (await door.call(actor, importGrants, { fileId, mode })).jobId;
  }

  async function all(): Promise<Grant[]> {
    const found: Grant[] = [];
    let cursor: string | undefined;
    do {
      const page = await door.call(admin, listGrants, { limit: 200, ...(cursor && { cursor }) });
      found.push(...page.items);
      cursor = page.next ?? undefined;
    } while (cursor);
    return found;
  }

  return {
    door,
    files,
    admin,
    ids: {
      ann: (await door.person("ann")).id,
      group: (await door.call(admin, createGroup, { name: "Ops; night, day" })).id,
      asset: await newAsset(admin, "@web\\1"),
      node: await newNode(admin, "Servers", "a/b;c"),
      root: await rootOf(admin),
    },
    newAsset,
    newNode,
    start,
    all,
    importNow: async (bytes: Uint8Array, mode: "create" | "update" | "both" = "both", actor: Actor = admin) =>
      files.finished(actor, await start(actor, bytes, mode)),
    named: async (name: string): Promise<Grant | undefined> => (await all()).find((rule) => rule.name === name),
    make: (fields: Partial<z.input<typeof createGrant.input>> & { name: string }) =>
      door.call(admin, createGrant, { accounts: {}, protocols: {}, ...fields }),
    async removeAll(): Promise<void> {
      for (const { id } of await all()) await door.call(admin, deleteGrant, { id });
    },
  };
}
