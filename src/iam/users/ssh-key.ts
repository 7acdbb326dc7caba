import { type Actor, Fault, newId, notFound } from "../../core/index.ts";
import { type Db, page, serve, violated } from "../../db/index.ts";
import { mustHoldEverywhere, mustOutrank } from "../roles/role.ts";
import * as schema from "../schema.ts";
import type { SshKey } from "../schema.ts";
import { visibleUser } from "./user.store.ts";

/** Reads one public key line; Fault `invalid` for what is no key, or too weak a key. */
export type ParsePublicKey = (line: string) => { algorithm: string; line: string; fingerprint: string };

const KEYS_PER_USER = 50;

const keys = (db: Db, userId: string) =>
  db
    .selectFrom("ssh_key")
    .where("user_id", "=", userId)
    .select(["id", "name", "public_key", "fingerprint", "created_at", "last_used_at"]);

type Row = {
  id: string;
  name: string;
  public_key: string;
  fingerprint: string;
  created_at: Date;
  last_used_at: Date | null;
};

const toKey = (row: Row): SshKey => ({
  id: row.id,
  name: row.name,
  algorithm: row.public_key.split(" ")[0] ?? "",
  fingerprint: row.fingerprint,
  createdAt: row.created_at.toISOString(),
  lastUsedAt: row.last_used_at?.toISOString() ?? null,
});

/** A comment may hold what the person did not mean to tell. */
const withoutComment = (line: string): string => line.split(" ", 2).join(" ");

async function list(db: Db, userId: string, input: { limit: number; cursor?: string | undefined }) {
  const found = await page(keys(db, userId), {
    by: "ssh_key.created_at",
    id: "ssh_key.id",
    limit: input.limit,
    cursor: input.cursor,
  });
  return { items: found.items.map((row) => toKey(row)), next: found.next };
}

async function remove(db: Db, userId: string, id: string): Promise<string> {
  const gone = await db
    .deleteFrom("ssh_key")
    .where("user_id", "=", userId)
    .where("id", "=", id)
    .returning("name")
    .executeTakeFirst();
  if (!gone) throw notFound("SSH key");
  return gone.name;
}

/** A key is a new way in: it is added only by who just proved who they are, and never by an API key. */
const CONFIRM = { level: "password", minutes: 5 } as const;

/** Adding, listing and removing the keys a user signs in with over SSH. */
export function sshKeyActions({ parsePublicKey }: { parsePublicKey: ParsePublicKey }) {
  async function add(db: Db, userId: string, input: { name: string; publicKey: string }): Promise<SshKey> {
    const key = parsePublicKey(input.publicKey);
    const held = await db
      .selectFrom("ssh_key")
      .select((row) => row.fn.countAll<number>().as("n"))
      .where("user_id", "=", userId)
      .executeTakeFirst();
    if (Number(held?.n ?? 0) >= KEYS_PER_USER)
      throw new Fault("conflict", `At most ${KEYS_PER_USER} keys. Remove one first.`);
    const row = await db
      .insertInto("ssh_key")
      .values({
        id: newId(),
        user_id: userId,
        name: input.name,
        public_key: withoutComment(key.line),
        fingerprint: key.fingerprint,
      })
      .returning(["id", "name", "public_key", "fingerprint", "created_at", "last_used_at"])
      .executeTakeFirstOrThrow()
      .catch((error) => {
        if (violated(error) !== "ssh_key_belongs_to_one_user") throw error;
        throw new Fault("conflict", "This key is in use already. Each key belongs to one user only; make a new one.");
      });
    return toKey(row);
  }

  const mine = (actor: Actor): string => actor.id ?? "";
  return [
    serve(schema.listMySshKeys, { access: "signed-in", run: ({ db, actor }, input) => list(db, mine(actor), input) }),
    serve(schema.addMySshKey, {
      access: "signed-in",
      confirm: CONFIRM,
      async run({ db, actor, about }, input) {
        const key = await add(db, mine(actor), input);
        about({ kind: "ssh-key", id: key.id, name: key.fingerprint });
        return key;
      },
    }),
    serve(schema.removeMySshKey, {
      access: "signed-in",
      async run({ db, actor, about }, { id }) {
        about({ kind: "ssh-key", id, name: await remove(db, mine(actor), id) });
        return {};
      },
    }),
    serve(schema.listUserSshKeys, {
      access: "granted",
      async run({ db, actor }, { id, ...input }) {
        await visibleUser(db, actor, id);
        return list(db, id, input);
      },
    }),
    serve(schema.addUserSshKey, {
      access: "granted",
      confirm: CONFIRM,
      async run({ db, actor, about }, { id, ...input }) {
        const user = await visibleUser(db, actor, id);
        about({ kind: "user", id, name: user.loginName });
        if (actor.id === id) throw new Fault("denied", "Add your own keys on your own page.");
        await mustOutrank(db, actor, id);
        await mustHoldEverywhere(db, actor, id, schema.addUserSshKey.name);
        return add(db, id, input);
      },
    }),
    serve(schema.removeUserSshKey, {
      access: "granted",
      async run({ db, actor, about, note }, { id, keyId }) {
        const user = await visibleUser(db, actor, id);
        about({ kind: "user", id, name: user.loginName });
        await mustOutrank(db, actor, id);
        await mustHoldEverywhere(db, actor, id, schema.removeUserSshKey.name);
        note({ key: await remove(db, id, keyId) });
        return {};
      },
    }),
  ];
}
