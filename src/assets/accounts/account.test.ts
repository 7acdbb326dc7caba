import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Door, openDoor } from "../../../test/security/door.ts";
import { makeKey } from "../../../test/support/sshd.ts";
import type { Actor } from "../../core/index.ts";
import {
  acceptHostKey,
  createAccount,
  createAsset,
  deleteAccount,
  listAccounts,
  readAsset,
  updateAccount,
  updateAsset,
} from "../schema.ts";

let door: Door;
let admin: Actor & { id: string; orgId: string };
let stranger: Actor;
let assetId: string;
let count = 0;

beforeAll(async () => {
  door = await openDoor();
  admin = await door.person("root-admin", { roles: ["administrator"] });
  stranger = await door.person("stranger", { orgId: await door.organization("Other"), roles: ["administrator"] });
  assetId = await newAsset();
});
afterAll(() => door.close());

const newAsset = async (host = "10.0.0.1"): Promise<string> =>
  (await door.call(admin, createAsset, { name: `asset-${++count}`, host, protocols: [{ kind: "ssh", port: 22 }] })).id;
const password = (value: string) => ({ kind: "password" as const, value });
const add = (value = "s3cret-value", changes: object = {}) =>
  door.call(admin, createAccount, { assetId, username: `user-${++count}`, secret: password(value), ...changes });
const open = (accountId: string, of = assetId) =>
  door.assets.connectionOf(door.db, { orgId: admin.orgId, assetId: of, accountId, protocol: "ssh" });

describe("accounts", () => {
  test("are made, changed and deleted; their secrets are never in an answer or an event", async () => {
    const made = await add("hunter2-hunter2");
    expect(made).toMatchObject({ hasSecret: true, secretKind: "password", version: 1 });
    const changed = await door.call(admin, updateAccount, {
      id: made.id,
      version: 1,
      comment: "c",
      secret: password("another-hunter2"),
    });
    const listed = await door.call(admin, listAccounts, { assetId });
    const events = await sql<{ text: string }>`select e::text as text from audit_event e`.execute(door.db);
    const everything = JSON.stringify([made, changed, listed, events.rows]);
    expect(everything).toContain(made.username);
    expect(everything).not.toContain("hunter2");
    expect((await door.events("account.update")).at(-1)).toMatchObject({
      fields: { secretReplaced: true, before: { version: 1 }, after: { version: 2, comment: "c" } },
    });
    expect((await open(made.id)).secret).toBe("another-hunter2");
    await door.call(admin, deleteAccount, { id: made.id });
    expect(await door.codeOf(open(made.id))).toBe("not_found");
  });

  test("a key is opened with its passphrase once, and stored without", async () => {
    const key = makeKey("ed25519", { passphrase: "open sesame" });
    const { id } = await add("", { secret: { kind: "key", value: key.privateKey, passphrase: "open sesame" } });
    const { secret, secretKind } = await open(id);
    expect(secretKind).toBe("key");
    expect(secret).toContain("PRIVATE KEY");
    const again = await add("", { secret: { kind: "key", value: secret } });
    expect(again.secretKind).toBe("key");
    const refused = [
      { kind: "key", value: key.privateKey, passphrase: "wrong" },
      { kind: "key", value: key.privateKey },
      { kind: "key", value: "no key" },
      { kind: "key", value: key.publicLine },
      { kind: "password", value: "" },
    ];
    for (const wrong of refused) expect(await door.codeOf(add("", { secret: wrong }))).toBe("invalid");
  });

  test("are stored sealed; the ciphertext opens in its own row only", async () => {
    const [one, two] = [await add("plain-to-see"), await add("the other one")];
    const { rows } = await sql<{ secret: Buffer }>`select secret from account where id = ${one.id}`.execute(door.db);
    expect(rows[0]?.secret.includes("plain-to-see")).toBe(false);
    await sql`update account set secret = ${rows[0]?.secret} where id = ${two.id}`.execute(door.db);
    expect(await door.codeOf(open(two.id))).toBe("unavailable");
    expect((await open(one.id)).secret).toBe("plain-to-see");
    await sql`update account set secret = set_byte(secret, 100, get_byte(secret, 100) # 1) where id = ${one.id}`.execute(
      door.db,
    );
    expect(await door.codeOf(open(one.id))).toBe("unavailable");
    await sql`update account set secret = null where id = ${one.id}`.execute(door.db);
    expect(await door.codeOf(open(one.id))).toBe("conflict");
  });

  test("the same secret twice does not look the same", async () => {
    const ids = [(await add("same-secret")).id, (await add("same-secret")).id];
    const { rows } = await sql<{ secret: Buffer }>`select secret from account where id in (${sql.join(ids)})`.execute(
      door.db,
    );
    expect(rows[0]?.secret.equals(rows[1]!.secret)).toBe(false);
  });

  test("a change that was based on an older version is refused, and its secret is not taken", async () => {
    const { id } = await add("first-secret");
    await door.call(admin, updateAccount, { id, version: 1, comment: "x" });
    expect(
      await door.codeOf(door.call(admin, updateAccount, { id, version: 1, secret: password("late-secret") })),
    ).toBe("conflict");
    expect((await open(id)).secret).toBe("first-secret");
  });

  test("names are unique on their asset, whatever the case of letters", async () => {
    const { name } = await add();
    expect(await door.codeOf(add("x", { name: name.toUpperCase() }))).toBe("conflict");
    expect(await door.codeOf(add("x", { name, assetId: await newAsset() }))).toBe("ok");
  });

  test("another organization neither sees, changes nor opens them", async () => {
    const { id } = await add();
    const another = await newAsset();
    const tries = [
      door.call(stranger, createAccount, { assetId, username: "x", secret: password("x") }),
      door.call(stranger, updateAccount, { id, version: 1, secret: password("x") }),
      door.call(stranger, deleteAccount, { id }),
      door.assets.connectionOf(door.db, { orgId: stranger.orgId ?? "", assetId, accountId: id, protocol: "ssh" }),
      door.assets.connectionOf(door.db, { orgId: admin.orgId, assetId, accountId: id, protocol: "telnet" }),
      open(id, another),
    ];
    expect(await Promise.all(tries.map(door.codeOf))).toEqual(Array(6).fill("not_found"));
    expect((await door.call(stranger, listAccounts, {})).items).toEqual([]);
  });
});

describe("a target's host key", () => {
  const key = (name: string) => ({ algorithm: "ssh-ed25519", fingerprint: `SHA256:${name}` });
  const place = (id: string, host = "10.0.0.1") => ({ orgId: admin.orgId, assetId: id, host, port: 22 });
  const check = (id: string, host?: string) => door.assets.hostKeyCheck(door.runtime, admin, place(id, host));
  const keysOf = async (id: string) =>
    (await door.call(admin, readAsset, { id })).hostKeys.map(({ state, fingerprint }) => `${state} ${fingerprint}`);

  async function connect(id: string, name: string, host?: string): Promise<void> {
    const one = check(id, host);
    await one.verify(key(name));
    await one.proved();
  }

  test("is pinned on first use, once the target has proved to hold it, and checked afterwards", async () => {
    const id = await newAsset();
    await check(id).verify(key("shown-but-not-proved"));
    expect(await keysOf(id)).toEqual([]);
    await connect(id, "first");
    await connect(id, "first");
    expect(await keysOf(id)).toEqual(["pinned SHA256:first"]);
    expect((await door.events("asset.host-key.pin")).filter(({ target_id }) => target_id === id)).toHaveLength(1);
  });

  test("a changed key refuses with both fingerprints, is kept for an administrator, and is not accepted by repeating it", async () => {
    const id = await newAsset();
    await connect(id, "first");
    for (let tries = 0; tries < 2; tries++) {
      await expect(connect(id, "second")).rejects.toMatchObject({
        code: "upstream",
        details: { pinned: "SHA256:first", offered: "SHA256:second" },
      });
    }
    await expect(connect(id, "third")).rejects.toThrow(/Pinned: SHA256:first. Offered: SHA256:third/);
    expect(await keysOf(id)).toEqual(["pinned SHA256:first", "offered SHA256:third"]);
    expect((await door.events("asset.host-key.refuse")).filter(({ target_id }) => target_id === id)).toHaveLength(3);
  });

  test("an administrator accepts exactly the key that was offered last", async () => {
    const id = await newAsset();
    await connect(id, "old");
    await connect(id, "new").catch(() => {});
    const accept = (name: string, port = 22) =>
      door.codeOf(door.call(admin, acceptHostKey, { id, port, fingerprint: `SHA256:${name}` }));
    expect([await accept("other"), await accept("new", 23), await accept("old")]).toEqual([
      "conflict",
      "conflict",
      "conflict",
    ]);
    expect(await accept("new")).toBe("ok");
    expect(await keysOf(id)).toEqual(["pinned SHA256:new"]);
    expect((await door.events("asset.host-key.accept")).at(-1)).toMatchObject({
      outcome: "ok",
      fields: { pinnedBefore: "SHA256:old" },
    });
    await connect(id, "new");
    await expect(connect(id, "old")).rejects.toMatchObject({ code: "upstream" });
    expect(await accept("new")).toBe("conflict");
  });

  test("of two first connections that see different keys, one is refused", async () => {
    const id = await newAsset();
    const [one, two] = [check(id), check(id)];
    await Promise.all([one.verify(key("a")), two.verify(key("b"))]);
    const codes = await Promise.all([door.codeOf(one.proved()), door.codeOf(two.proved())]);
    expect(codes.toSorted()).toEqual(["ok", "upstream"]);
    expect((await keysOf(id)).toSorted()).toHaveLength(2);
  });

  test("belongs to the address: an asset that moved is met anew", async () => {
    const id = await newAsset();
    await connect(id, "here");
    await door.call(admin, updateAsset, { id, version: 1, host: "10.0.0.2" });
    await connect(id, "there", "10.0.0.2");
    expect((await keysOf(id)).toSorted()).toEqual(["pinned SHA256:here", "pinned SHA256:there"]);
  });
});
