import type { z } from "zod";
import { type Actor, Fault, newId, notFound } from "../../core/index.ts";
import { type Db, type Sealer, serve, violated } from "../../db/index.ts";
import { changedMeanwhile } from "../../iam/index.ts";
import { visibleAsset } from "../inventory/asset.ts";
import { findAccount, listAccounts } from "./account.store.ts";
import type { Account } from "./schema.ts";
import * as schema from "./schema.ts";

/** Reads a private key, with its passphrase if it has one, and returns it without; Fault `invalid` when it cannot. */
export type OpenPrivateKey = (text: string, passphrase: string | undefined) => string;

const orgOf = (actor: Actor): string => actor.orgId ?? "";

/** What a sealed secret is bound to, so that it opens in its own row only. */
export const secretContext = (accountId: string): string => `account.secret:${accountId}`;

async function visibleAccount(db: Db, actor: Actor, id: string): Promise<Account> {
  const account = await findAccount(db, orgOf(actor), id);
  if (!account) throw notFound("account");
  return account;
}

function nameTaken(name: string): (error: unknown) => never {
  return (error) => {
    if (violated(error) !== "account_name_is_unique_on_its_asset") throw error;
    throw new Fault("conflict", `The asset has an account "${name}" already. Choose another name.`);
  };
}

/** Reading and changing accounts. Secrets go in and never come out. */
export function accountActions({ sealer, openPrivateKey }: { sealer: Sealer; openPrivateKey: OpenPrivateKey }) {
  function sealed(accountId: string, secret: z.output<typeof schema.NewSecret>) {
    const text = secret.kind === "key" ? openPrivateKey(secret.value, secret.passphrase) : secret.value;
    return { secret: sealer.seal(text, secretContext(accountId)), secret_kind: secret.kind };
  }

  const create = serve(schema.createAccount, {
    access: "granted",
    async run({ db, actor, now, about }, { assetId, secret, username, comment, active, ...input }) {
      const asset = await visibleAsset(db, actor, assetId);
      const id = newId();
      const name = input.name ?? username;
      about({ kind: "account", id, name: `${name}@${asset.name}` });
      await db
        .insertInto("account")
        .values({
          id,
          org_id: orgOf(actor),
          asset_id: assetId,
          name,
          username,
          comment,
          active,
          ...sealed(id, secret),
          secret_changed_at: now,
        })
        .execute()
        .catch(nameTaken(name));
      return visibleAccount(db, actor, id);
    },
  });

  const update = serve(schema.updateAccount, {
    access: "granted",
    async run({ db, actor, now, about, note, changed }, { id, version, secret, ...changes }) {
      const before = await visibleAccount(db, actor, id);
      about({ kind: "account", id, name: `${before.name}@${before.asset.name}` });
      const replaced = secret ? { ...sealed(id, secret), secret_changed_at: now } : {};
      const done = await db
        .updateTable("account")
        .set({ ...changes, ...replaced, version: version + 1, updated_at: now })
        .where("org_id", "=", orgOf(actor))
        .where("id", "=", id)
        .where("version", "=", version)
        .executeTakeFirst()
        .catch(nameTaken(changes.name ?? before.name));
      if (done.numUpdatedRows !== 1n) throw changedMeanwhile("account", before);
      const after = await visibleAccount(db, actor, id);
      changed(before, after);
      note({ secretReplaced: secret !== undefined });
      return after;
    },
  });

  const remove = serve(schema.deleteAccount, {
    access: "granted",
    async run({ db, actor, about }, { id }) {
      const account = await visibleAccount(db, actor, id);
      about({ kind: "account", id, name: `${account.name}@${account.asset.name}` });
      await db.deleteFrom("account").where("org_id", "=", orgOf(actor)).where("id", "=", id).execute();
      return {};
    },
  });

  return [
    serve(schema.listAccounts, {
      access: "granted",
      run: ({ db, actor }, input) => listAccounts(db, orgOf(actor), input),
    }),
    create,
    update,
    remove,
  ];
}
