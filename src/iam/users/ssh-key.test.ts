import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Door, openDoor } from "../../../test/security/door.ts";
import type { Actor } from "../../core/index.ts";
import {
  addMySshKey,
  addUserSshKey,
  listMySshKeys,
  listUserSshKeys,
  removeMySshKey,
  removeUserSshKey,
  updateUser,
} from "../schema.ts";

let door: Door;
let admin: Actor;
let ann: Actor & { id: string };
let bob: Actor & { id: string };
let stranger: Actor;

beforeAll(async () => {
  door = await openDoor();
  admin = await door.person("root-admin", { roles: ["administrator"] });
  ann = await door.person("ann");
  bob = await door.person("bob");
  stranger = await door.person("stranger", { orgId: await door.organization("Other"), roles: ["administrator"] });
});
afterAll(() => door.close());

function publicKey(type: string, bits?: number): string {
  const folder = mkdtempSync(join(tmpdir(), "key-"));
  try {
    execFileSync("ssh-keygen", [
      "-q",
      "-t",
      type,
      "-N",
      "",
      "-C",
      "a comment",
      "-f",
      join(folder, "k"),
      ...(bits ? ["-b", String(bits)] : []),
    ]);
    return readFileSync(join(folder, "k.pub"), "utf8").trim();
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("SSH keys", () => {
  test.each([
    ["ed25519", undefined],
    ["ecdsa", 256],
    ["rsa", 3072],
  ] as const)("%s is taken, without its comment, and signs in", async (type, bits) => {
    const key = await door.call(ann, addMySshKey, { name: type, publicKey: `  ${publicKey(type, bits)}\n` });
    expect(key.fingerprint).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/);
    const { rows } = await sql<{ public_key: string }>`select public_key from ssh_key where id = ${key.id}`.execute(
      door.db,
    );
    expect(rows[0]?.public_key.split(" ")).toHaveLength(2);
    expect(await door.iam.keyIsKnown({ loginName: "ANN", fingerprint: key.fingerprint })).toBe(true);
    const way = door.iam.sshWayIn("10.0.0.1");
    const reached = await way.withKey({ loginName: "ann", fingerprint: key.fingerprint });
    expect(reached).toMatchObject({ step: "in", actor: { id: ann.id, via: "ssh" } });
    const { items } = await door.call(ann, listMySshKeys, {});
    expect(items.find(({ id }) => id === key.id)?.lastUsedAt).not.toBeNull();
  });

  test("a key opens the door for its own user only, while active", async () => {
    const { fingerprint } = await door.call(bob, addMySshKey, { name: "k", publicKey: publicKey("ed25519") });
    const enter = (loginName: string) => door.codeOf(door.iam.sshWayIn(null).withKey({ loginName, fingerprint }));
    expect([await enter("bob"), await enter("ann"), await enter("nobody")]).toEqual([
      "ok",
      "unauthenticated",
      "unauthenticated",
    ]);
    expect(await door.iam.keyIsKnown({ loginName: "ann", fingerprint })).toBe(false);
    await door.call(admin, updateUser, { id: bob.id, version: 1, active: false });
    expect([await enter("bob"), await door.iam.keyIsKnown({ loginName: "bob", fingerprint })]).toEqual([
      "unauthenticated",
      false,
    ]);
    await door.call(admin, updateUser, { id: bob.id, version: 2, active: true });
  });

  test("what is no key, or too weak a key, is refused", async () => {
    const rsa = publicKey("rsa", 1024);
    const good = publicKey("ed25519");
    const bad = [
      rsa,
      "ssh-ed25519",
      "ssh-ed25519 AAAA",
      "hello",
      good.replace("ssh-ed25519", "ssh-rsa"),
      `${good.slice(0, 60)}`,
      "-----BEGIN OPENSSH PRIVATE KEY-----",
    ];
    for (const line of bad)
      expect([
        line.slice(0, 30),
        await door.codeOf(door.call(ann, addMySshKey, { name: "k", publicKey: line })),
      ]).toEqual([line.slice(0, 30), "invalid"]);
    expect(await door.codeOf(door.call(ann, addMySshKey, { name: "k", publicKey: `command="id" ${good}` }))).toBe(
      "invalid",
    );
    expect(
      await door.codeOf(door.call(ann, addMySshKey, { name: "k", publicKey: `${good}\n${publicKey("ed25519")}` })),
    ).toBe("invalid");
  });

  test("a key belongs to one user, also when two add it at once", async () => {
    const line = publicKey("ed25519");
    const both = [ann, bob].map((actor) => door.codeOf(door.call(actor, addMySshKey, { name: "k", publicKey: line })));
    expect((await Promise.all(both)).toSorted()).toEqual(["conflict", "ok"]);
    expect(await door.codeOf(door.call(admin, addUserSshKey, { id: ann.id, name: "k", publicKey: line }))).toBe(
      "conflict",
    );
  });

  test("are added only by who has just proved who they are, and never with an API key", async () => {
    const anHourAgo = new Date(Date.now() - 3_600_000);
    const proved = { signIn: anHourAgo, password: anHourAgo, secondFactor: null };
    const { proved: _, ...key } = { ...admin, via: "api" as const, scopes: new Set(["user.ssh-key.add"]) };
    const line = publicKey("ed25519");
    const tries = [
      door.call({ ...ann, proved }, addMySshKey, { name: "k", publicKey: line }),
      door.call({ ...admin, proved }, addUserSshKey, { id: ann.id, name: "k", publicKey: line }),
      door.call(key, addUserSshKey, { id: ann.id, name: "k", publicKey: line }),
    ];
    expect(await Promise.all(tries.map(door.codeOf))).toEqual(["unconfirmed", "unconfirmed", "unconfirmed"]);
  });

  test("of one's own are added on one's own page, not as an administrator", async () => {
    const tries = door.call(admin, addUserSshKey, { id: admin.id ?? "", name: "k", publicKey: publicKey("ed25519") });
    expect(await door.codeOf(tries)).toBe("denied");
  });

  test("at most 50 of a user", async () => {
    const many = await door.person("many");
    await sql`insert into ssh_key (id, user_id, name, public_key, fingerprint)
      select gen_random_uuid(), ${many.id}, 'k', 'ssh-ed25519 x', 'SHA256:' || n from generate_series(1, 50) n`.execute(
      door.db,
    );
    expect(await door.codeOf(door.call(many, addMySshKey, { name: "k", publicKey: publicKey("ed25519") }))).toBe(
      "conflict",
    );
  });

  test("one's own list holds and loses only one's own keys", async () => {
    const { id } = await door.call(ann, addMySshKey, { name: "mine", publicKey: publicKey("ed25519") });
    expect(await door.codeOf(door.call(bob, removeMySshKey, { id }))).toBe("not_found");
    expect((await door.call(bob, listMySshKeys, {})).items.map((key) => key.id)).not.toContain(id);
    expect(await door.codeOf(door.call(admin, removeUserSshKey, { id: bob.id, keyId: id }))).toBe("not_found");
    await door.call(ann, removeMySshKey, { id });
    expect(await door.codeOf(door.call(ann, removeMySshKey, { id }))).toBe("not_found");
  });

  test("another organization's administrator finds neither user nor key", async () => {
    const { id: keyId } = await door.call(ann, addMySshKey, { name: "seen", publicKey: publicKey("ed25519") });
    const tries = [
      door.call(stranger, listUserSshKeys, { id: ann.id }),
      door.call(stranger, addUserSshKey, { id: ann.id, name: "k", publicKey: publicKey("ed25519") }),
      door.call(stranger, removeUserSshKey, { id: ann.id, keyId }),
    ];
    expect(await Promise.all(tries.map(door.codeOf))).toEqual(["not_found", "not_found", "not_found"]);
    expect((await door.events("user.ssh-key.remove")).at(-1)).toMatchObject({ outcome: "not_found", target_id: null });
  });
});
