import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Door, openDoor } from "../../../test/security/door.ts";
import type { Actor } from "../../core/index.ts";
import {
  acceptHostKey,
  createAccount,
  createAsset,
  createGrant,
  createNode,
  deleteAsset,
  listAccounts,
  listAssets,
  listProtocols,
  readAsset,
  readGrant,
  updateAsset,
  updateGrant,
} from "../schema.ts";
import { rootOf } from "./node.ts";

let door: Door;
let admin: Actor & { id: string; orgId: string };
let stranger: Actor & { id: string; orgId: string };
let root: string;

beforeAll(async () => {
  door = await openDoor();
  admin = await door.person("root-admin", { roles: ["administrator"] });
  stranger = await door.person("stranger", { orgId: await door.organization("Other"), roles: ["administrator"] });
  root = await rootOf(door.db, admin.orgId);
});
afterAll(() => door.close());

let count = 0;
const ssh = { kind: "ssh", port: 22 };
const add = (changes: object = {}) =>
  door.call(admin, createAsset, { name: `asset-${++count}`, host: "db.example.org", protocols: [ssh], ...changes });

describe("assets", () => {
  test("are created in the root, read, changed and deleted, with before and after in the audit trail", async () => {
    const made = await add({ comment: "c" });
    expect(made).toMatchObject({
      nodes: [{ id: root }],
      accounts: 0,
      active: true,
      version: 1,
      hostKeys: [],
      protocols: [{ kind: "ssh", settings: { legacyAlgorithms: false } }],
    });
    const changed = await door.call(admin, updateAsset, {
      id: made.id,
      version: 1,
      host: "10.1.1.1",
      protocols: [{ kind: "ssh", port: 2200 }],
    });
    expect(changed).toMatchObject({ host: "10.1.1.1", version: 2, protocols: [{ port: 2200 }], comment: "c" });
    expect(await door.call(admin, readAsset, { id: made.id })).toEqual(changed);
    expect((await door.events("asset.update")).at(-1)).toMatchObject({
      target_id: made.id,
      fields: { before: { host: "db.example.org" }, after: { host: "10.1.1.1" } },
    });
    await door.call(admin, deleteAsset, { id: made.id });
    expect(await door.codeOf(door.call(admin, readAsset, { id: made.id }))).toBe("not_found");
  });

  test("names are unique in the organization, whatever the case of letters", async () => {
    const { name } = await add();
    expect(await door.codeOf(add({ name: name.toUpperCase() }))).toBe("conflict");
    expect(await door.codeOf(door.call(stranger, createAsset, { name, host: "h", protocols: [ssh] }))).toBe("ok");
  });

  test("a change that was based on an older version is refused, with the asset as it is now; nothing of it remains", async () => {
    const { id } = await add();
    await door.call(admin, updateAsset, { id, version: 1, comment: "first" });
    const late = door.call(admin, updateAsset, { id, version: 1, protocols: [{ kind: "ssh", port: 1 }] });
    await expect(late).rejects.toMatchObject({
      code: "conflict",
      details: { current: { comment: "first", version: 2 } },
    });
    expect(await door.call(admin, readAsset, { id })).toMatchObject({ protocols: [{ port: 22 }], version: 2 });
  });

  test.each([
    ["an unknown protocol", { protocols: [{ kind: "gopher", port: 70 }] }],
    ["a protocol twice", { protocols: [ssh, ssh] }],
    ["no protocol", { protocols: [] }],
    ["settings of the wrong type", { protocols: [{ ...ssh, settings: { legacyAlgorithms: "yes" } }] }],
    ["a host that is an option", { host: "-oProxyCommand=x" }],
    ["a comment that no database can hold", { comment: "a\0b" }],
  ])("%s is refused", async (_, changes) => {
    expect(await door.codeOf(add(changes))).toBe("invalid");
  });

  test("settings that the protocol does not know are dropped", async () => {
    const { protocols } = await add({ protocols: [{ ...ssh, settings: { legacyAlgorithms: true, surprise: "x" } }] });
    expect(protocols).toEqual([{ ...ssh, settings: { legacyAlgorithms: true } }]);
    const { items } = await door.call(admin, listProtocols, {});
    expect(items).toMatchObject([{ kind: "ssh", defaultPort: 22, surface: "terminal" }]);
  });

  test("lists are filtered, and take what is typed literally", async () => {
    const { id } = await add({ name: "100%_sure\\", host: "literal" });
    for (const search of ["%_sure", "\\", "100%", "LITERAL"]) {
      expect((await door.call(admin, listAssets, { search })).items.map((item) => item.id)).toEqual([id]);
    }
    expect((await door.call(admin, listAssets, { search: "1%sure" })).items).toEqual([]);
    expect((await door.call(admin, listAssets, { active: "false" })).items).toEqual([]);
    expect((await door.call(admin, listAssets, { protocol: "rdp" })).items).toEqual([]);
  });

  test("another organization's rows are refused by the keys of the tables", async () => {
    const mine = await add();
    const node = await door.call(admin, createNode, { parentId: root, name: "n" });
    const theirs = await door.call(stranger, createAsset, { name: "theirs", host: "h", protocols: [ssh] });
    const { id: grant } = await door.call(stranger, createGrant, {
      name: "theirs",
      accounts: { all: true },
      protocols: { all: true },
    });
    const [org, other] = [admin.orgId, stranger.orgId];
    const broken: [string, ReturnType<typeof sql>][] = [
      [
        "asset_node_node_is_of_the_organization",
        sql`insert into asset_node values (${other}, ${theirs.id}, ${node.id})`,
      ],
      [
        "asset_node_asset_is_of_the_organization",
        sql`insert into asset_node values (${org}, ${theirs.id}, ${node.id})`,
      ],
      [
        "account_asset_is_of_the_organization",
        sql`insert into account (id, org_id, asset_id, name, username, secret_kind) values (gen_random_uuid(), ${other}, ${mine.id}, 'x', 'x', 'password')`,
      ],
      [
        "grant_asset_asset_is_of_the_organization",
        sql`insert into grant_asset values (${other}, ${grant}, ${mine.id})`,
      ],
      ["grant_asset_grant_is_of_the_organization", sql`insert into grant_asset values (${org}, ${grant}, ${mine.id})`],
      ["grant_user_user_is_of_the_organization", sql`insert into grant_user values (${other}, ${grant}, ${admin.id})`],
      ["grant_node_node_is_of_the_organization", sql`insert into grant_node values (${other}, ${grant}, ${node.id})`],
      [
        "grant_group_group_is_of_the_organization",
        sql`insert into grant_group values (${other}, ${grant}, gen_random_uuid())`,
      ],
      [
        "asset_protocol",
        sql`insert into asset_protocol (org_id, asset_id, kind, port) values (${other}, ${mine.id}, 'telnet', 23)`,
      ],
      [
        "asset_host_key",
        sql`insert into asset_host_key (org_id, asset_id, host, port, state, algorithm, fingerprint) values (${other}, ${mine.id}, 'h', 22, 'pinned', 'a', 'f')`,
      ],
    ];
    for (const [constraint, statement] of broken) await expect(statement.execute(door.db)).rejects.toThrow(constraint);
  });

  test("another organization's administrator finds none of it", async () => {
    const { id } = await add();
    const account = await door.call(admin, createAccount, {
      assetId: id,
      username: "root",
      secret: { kind: "password", value: "x" },
    });
    const tries = [
      door.call(stranger, readAsset, { id }),
      door.call(stranger, updateAsset, { id, version: 1, host: "evil" }),
      door.call(stranger, deleteAsset, { id }),
      door.call(stranger, acceptHostKey, { id, port: 22, fingerprint: "SHA256:x" }),
      door.call(stranger, createAsset, { name: "x", host: "h", protocols: [ssh], nodeIds: [root] }),
    ];
    expect(await Promise.all(tries.map(door.codeOf))).toEqual(Array(5).fill("not_found"));
    expect((await door.call(stranger, listAccounts, { assetId: id })).items).toEqual([]);
    expect((await door.call(admin, listAccounts, { assetId: id })).items).toEqual([account]);
  });

  test("a deleted asset takes its accounts, host keys and places in rules along, and not the rules", async () => {
    const { id } = await add();
    await door.call(admin, createAccount, { assetId: id, username: "root", secret: { kind: "password", value: "x" } });
    const rule = await door.call(admin, createGrant, {
      name: `rule-${++count}`,
      userIds: [admin.id],
      assetIds: [id],
      accounts: { all: true },
      protocols: { all: true },
    });
    await door.call(admin, deleteAsset, { id });
    expect(await door.call(admin, readGrant, { id: rule.id })).toMatchObject({
      assets: [],
      ineffective: ["no-assets"],
    });
    expect((await sql`select 1 from account where asset_id = ${id}`.execute(door.db)).rows).toEqual([]);
  });
});

describe("rules", () => {
  test("are changed with the version that was read, keep what is not named, and are unique by name", async () => {
    const { id } = await add();
    const made = await door.call(admin, createGrant, {
      name: "Rule",
      userIds: [admin.id],
      assetIds: [id],
      accounts: { names: ["root"] },
      protocols: { kinds: ["ssh"] },
    });
    const changed = await door.call(admin, updateGrant, {
      id: made.id,
      version: 1,
      actions: ["connect", "download", "connect"],
    });
    expect(changed).toMatchObject({
      version: 2,
      actions: ["connect", "download"],
      users: [{ id: admin.id }],
      accounts: { names: ["root"] },
      protocols: { kinds: ["ssh"] },
    });
    expect(await door.codeOf(door.call(admin, updateGrant, { id: made.id, version: 1, name: "Late" }))).toBe(
      "conflict",
    );
    expect(await door.codeOf(door.call(admin, createGrant, { name: "RULE", accounts: {}, protocols: {} }))).toBe(
      "conflict",
    );
    expect(await door.call(admin, updateGrant, { id: made.id, version: 2, userIds: [] })).toMatchObject({
      users: [],
      ineffective: ["no-people"],
    });
    expect((await door.events("grant.update")).at(-1)).toMatchObject({
      fields: { before: { users: [{ id: admin.id }] }, after: { users: [] } },
    });
  });

  test("a window that ends before it starts is refused", async () => {
    const window = { startsAt: "2030-01-02T00:00:00Z", expiresAt: "2030-01-02T00:00:00Z" };
    expect(
      await door.codeOf(door.call(admin, createGrant, { name: "w", accounts: {}, protocols: {}, ...window })),
    ).toBe("invalid");
  });

  test("say why they grant nothing now", async () => {
    const base = { accounts: { all: true }, protocols: { all: true }, userIds: [admin.id], nodeIds: [root] };
    const why = async (changes: object) =>
      (await door.call(admin, createGrant, { name: `why-${++count}`, ...base, ...changes })).ineffective;
    expect(await why({})).toEqual([]);
    expect(await why({ active: false })).toEqual(["inactive"]);
    expect(await why({ startsAt: "2040-01-01T00:00:00Z" })).toEqual(["not-yet"]);
    expect(await why({ startsAt: "2020-01-01T00:00:00Z", expiresAt: "2021-01-01T00:00:00Z" })).toEqual(["expired"]);
    expect(await why({ accounts: {}, actions: [] })).toEqual(["no-accounts", "no-actions"]);
  });
});
