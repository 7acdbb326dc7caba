import { sql } from "kysely";
import { type Actor, Fault, notFound } from "../../core/index.ts";
import { type Db, serve, violated } from "../../db/index.ts";
import type { Platform } from "../../platform/index.ts";
import { limitsOf } from "../login/asks.ts";
import { permissionsOf } from "../login/console-session.ts";
import { mustHoldEverywhere, mustOutrank } from "../roles/role.ts";
import * as schema from "../schema.ts";
import type { ApiKey } from "../schema.ts";
import { visibleUser } from "../users/user.store.ts";
import { countKeys, deleteKey, findKey, type Holder, insertKey, listKeys, updateKey } from "./api-key.store.ts";
import { networkFrom } from "./networks.ts";
import type { Scopes } from "./scopes.ts";

export interface ApiKeyDeps {
  readonly platform: Pick<Platform, "settings">;
  readonly scopes: Scopes;
}

interface Wanted {
  readonly name: string;
  readonly scopes: readonly string[];
  readonly addresses: readonly string[];
  readonly days: number;
}

const KEYS_PER_USER = 20;
export const CONFIRMED = { level: "password", minutes: 5 } as const;

async function heldBy(db: Db, { userId, orgId }: Holder): Promise<ReadonlySet<string>> {
  const { rows } = await sql<{ held: string[] }>`
    select ${permissionsOf("h.org", "h.id")} as held from (select ${orgId}::uuid as org, ${userId}::uuid as id) h`.execute(
    db,
  );
  return new Set(rows[0]?.held);
}

function mustBeNetworks(list: readonly string[] | undefined): void {
  const wrong = list?.find((text) => networkFrom(text) === null);
  if (wrong !== undefined) throw new Fault("invalid", `"${wrong}" is no network: write 10.0.0.0/8 or 2001:db8::/32.`);
}

/** Makes a key; its whole text is returned this once. */
export async function makeKey(
  { platform, scopes }: ApiKeyDeps,
  { db, actor, now }: { readonly db: Db; readonly actor: Actor; readonly now: Date },
  holder: Holder,
  wanted: Wanted,
): Promise<{ key: ApiKey; secret: string }> {
  scopes.mustBeHeld(wanted.scopes, actor, await heldBy(db, holder));
  mustBeNetworks(wanted.addresses);
  const { longestKeyDays } = await limitsOf({ platform, db }, holder.userId);
  if (wanted.days > longestKeyDays)
    throw new Fault("invalid", `A key is valid for ${longestKeyDays} days at most here. Choose fewer.`);
  if ((await countKeys(db, holder.userId)) >= KEYS_PER_USER)
    throw new Fault("conflict", `At most ${KEYS_PER_USER} API keys. Delete one first.`);
  const { id, secret } = await insertKey(db, holder, { ...wanted, createdBy: actor.id, now }).catch((error) => {
    if (violated(error) !== "api_key_user_is_of_the_organization") throw error;
    throw new Fault("conflict", "Only a member of this organization can have an API key in it. Become one first.");
  });
  const key = await findKey(db, holder, id);
  if (!key) throw new Error("A key that was just made is not there");
  return { key, secret };
}

/** Changes a key; more scopes are given as they are to a new one. */
export async function changeKey(
  { scopes }: ApiKeyDeps,
  { db, actor }: { readonly db: Db; readonly actor: Actor },
  holder: Holder,
  id: string,
  changes: Partial<Omit<Wanted, "days">> & { readonly active?: boolean },
): Promise<{ before: ApiKey; after: ApiKey }> {
  const before = await findKey(db, holder, id);
  if (!before) throw notFound("API key");
  if (changes.scopes) scopes.mustBeHeld(changes.scopes, actor, await heldBy(db, holder));
  mustBeNetworks(changes.addresses);
  if (Object.keys(changes).length > 0) await updateKey(db, holder, id, changes);
  return { before, after: (await findKey(db, holder, id)) ?? before };
}

/** Revokes a key; whatever it holds open ends. Returns its name. */
export async function dropKey(db: Db, holder: Holder, id: string): Promise<string> {
  const key = await findKey(db, holder, id);
  if (!key) throw notFound("API key");
  await deleteKey(db, holder, id);
  return key.name;
}

/** Drops fields that were not given, as `exactOptionalPropertyTypes` wants it. */
export const given = <T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;

export function apiKeyActions(deps: ApiKeyDeps) {
  const mine = (actor: Actor): Holder => ({ userId: actor.id ?? "", orgId: actor.orgId ?? "" });
  const theirs = (actor: Actor, userId: string): Holder => ({ userId, orgId: actor.orgId ?? "" });

  return [
    serve(schema.listMyApiKeys, {
      access: "signed-in",
      run: ({ db, actor }, input) => listKeys(db, mine(actor), input),
    }),
    serve(schema.listApiScopes, {
      access: "signed-in",
      async run({ actor }, { search = "", limit, cursor = "" }) {
        const fits = deps.scopes
          .open(actor.permissions)
          .filter(
            ({ name, title }) => name > cursor && `${name} ${title}`.toLowerCase().includes(search.toLowerCase()),
          );
        const items = fits.slice(0, limit).map(({ name, title }) => ({ name, title }));
        return { items, next: fits.length > limit ? (items.at(-1)?.name ?? null) : null };
      },
    }),
    serve(schema.createMyApiKey, {
      access: "signed-in",
      confirm: CONFIRMED,
      async run({ db, actor, now, about }, input) {
        const made = await makeKey(deps, { db, actor, now }, mine(actor), input);
        about({ kind: "api-key", id: made.key.id, name: made.key.name });
        return made;
      },
    }),
    serve(schema.updateMyApiKey, {
      access: "signed-in",
      confirm: CONFIRMED,
      async run({ db, actor, about, changed }, { id, ...changes }) {
        const { before, after } = await changeKey(deps, { db, actor }, mine(actor), id, given(changes));
        about({ kind: "api-key", id, name: after.name });
        changed(before, after);
        return after;
      },
    }),
    serve(schema.deleteMyApiKey, {
      access: "signed-in",
      async run({ db, actor, about }, { id }) {
        about({ kind: "api-key", id, name: await dropKey(db, mine(actor), id) });
        return {};
      },
    }),
    serve(schema.listUserApiKeys, {
      access: "granted",
      async run({ db, actor }, { id, ...input }) {
        await visibleUser(db, actor, id);
        return listKeys(db, theirs(actor, id), input);
      },
    }),
    serve(schema.deleteUserApiKey, {
      access: "granted",
      async run({ db, actor, about, note }, { id, keyId }) {
        const user = await visibleUser(db, actor, id);
        about({ kind: "user", id, name: user.loginName });
        await mustOutrank(db, actor, id);
        await mustHoldEverywhere(db, actor, id, schema.deleteUserApiKey.name);
        note({ key: await dropKey(db, theirs(actor, id), keyId) });
        return {};
      },
    }),
  ];
}
