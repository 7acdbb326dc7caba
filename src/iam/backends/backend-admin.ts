import { type Actor, changedMeanwhile, Fault, newId, notFound, type Registry } from "../../core/index.ts";
import { type Db, type Sealer, serve, violated } from "../../db/index.ts";
import { createUser } from "../users/schema.ts";
import { takeBackAll } from "./apply-mappings.ts";
import type { Backend } from "./backend.ts";
import { mustHoldEverything, mustHoldThere, mustHoldWhatItGives } from "./backend-guard.ts";
import { findBackend, listBackends } from "./backend.store.ts";
import * as schema from "./schema.ts";
import { changedSettings, jsonSchemaOf, lockStored, sealSecrets, type Stored } from "./stored-settings.ts";

interface Deps {
  readonly sealer: Sealer;
  readonly backends: Registry<Backend>;
}

const nameTaken =
  (name: string | undefined) =>
  (error: unknown): never => {
    if (violated(error) !== "backend_name_is_unique") throw error;
    throw new Fault("conflict", `There is a sign-in backend "${name}" already. Choose another name.`);
  };

/** Whoever lets a backend make users must be able to make them there. */
async function mayMakeUsers(db: Db, actor: Actor, at: { orgId: string | null; createsUsers: boolean }): Promise<void> {
  if (at.orgId !== null) {
    const found = await db.selectFrom("organization").select("id").where("id", "=", at.orgId).executeTakeFirst();
    if (!found) throw notFound("organization");
  }
  if (!at.createsUsers) return;
  if (at.orgId === null) throw new Fault("invalid", "orgId: Choose the organization that its new users belong to.");
  const permissions = [createUser.name];
  await mustHoldThere(db, actor, { orgId: at.orgId, permissions, to: "let it create users there" });
}

/** Before and after a change: taking away what judges everybody weakens everybody as well. */
async function mayRule(
  db: Db,
  actor: Actor,
  entry: Backend | undefined,
  ...settings: readonly Stored[]
): Promise<void> {
  const judges = ({ open, secret }: Stored): boolean => {
    const parsed = entry?.settings.safeParse({ ...open, ...secret });
    return (parsed?.success && entry?.judgesEverybody?.(parsed.data)) ?? false;
  };
  if (settings.some(judges)) await mustHoldEverything(db, actor);
}

/** The backend; Fault `not_found`. */
export async function knownBackend(deps: Deps & { readonly db: Db }, id: string): Promise<schema.SignInBackend> {
  const backend = await findBackend(deps, id);
  if (!backend) throw notFound("sign-in backend");
  return backend;
}

function describedKinds({ backends }: Deps, search: string | undefined): schema.SignInBackendKind[] {
  const fits = ({ kind, title }: Backend) => `${kind} ${title}`.toLowerCase().includes((search ?? "").toLowerCase());
  return backends
    .list()
    .filter(fits)
    .map((entry) => ({
      kind: entry.kind,
      title: entry.title,
      flow: entry.flow,
      syncs: entry.flow === "form" && entry.people !== undefined,
      schema: jsonSchemaOf(entry),
    }));
}

/** Configuring the ways to sign in beside the local password. */
export function backendActions(deps: Deps) {
  const { sealer, backends } = deps;

  const create = serve(schema.createSignInBackend, {
    access: "granted",
    async run({ db, actor, about, note }, { kind, name, active, settings, orgId, createsUsers }) {
      const entry = backends.get(kind);
      await mayMakeUsers(db, actor, { orgId, createsUsers });
      const id = newId();
      about({ kind: "sign-in-backend", id, name });
      const made = changedSettings(entry, { open: {}, secret: {} }, { values: settings, reset: [] });
      await mayRule(db, actor, entry, made);
      note({ secretsReplaced: made.replaced });
      await db
        .insertInto("sign_in_backend")
        .values(({ selectFrom, fn, eb }) => ({
          id,
          kind,
          name,
          active,
          org_id: orgId,
          creates_users: createsUsers,
          settings: JSON.stringify(made.open),
          sealed: sealSecrets(sealer, id, made.secret),
          position: selectFrom("sign_in_backend").select(
            eb(fn.coalesce(fn.max("position"), eb.lit(0)), "+", eb.lit(1)).as("last"),
          ),
        }))
        .execute()
        .catch(nameTaken(name));
      return knownBackend({ ...deps, db }, id);
    },
  });

  const update = serve(schema.updateSignInBackend, {
    access: "granted",
    async run({ db, actor, now, about, note, changed }, { id, version, settings, reset, ...changes }) {
      const stored = await lockStored(db, sealer, id);
      const before = await knownBackend({ ...deps, db }, id);
      about({ kind: "sign-in-backend", id, name: before.name });
      await mustHoldWhatItGives(db, actor, id);
      if (before.version !== version) throw changedMeanwhile("sign-in backend", before);
      const orgId = changes.orgId === undefined ? (before.organization?.id ?? null) : changes.orgId;
      const createsUsers = changes.createsUsers ?? before.createsUsers;
      await mayMakeUsers(db, actor, { orgId, createsUsers });
      const entry = backends.get(before.kind);
      const next = changedSettings(entry, stored!, { values: settings, reset });
      await mayRule(db, actor, entry, stored!, next);
      note({ secretsReplaced: next.replaced, reset });
      await db
        .updateTable("sign_in_backend")
        .set({
          name: changes.name ?? before.name,
          active: changes.active ?? before.active,
          org_id: orgId,
          creates_users: createsUsers,
          settings: JSON.stringify(next.open),
          sealed: sealSecrets(sealer, id, next.secret),
          version: version + 1,
          updated_at: now,
        })
        .where("id", "=", id)
        .execute()
        .catch(nameTaken(changes.name));
      const after = await knownBackend({ ...deps, db }, id);
      changed(before, after);
      return after;
    },
  });

  const remove = serve(schema.deleteSignInBackend, {
    access: "granted",
    async run({ db, actor, about, note }, { id, withIdentities }) {
      const stored = await lockStored(db, sealer, id);
      const { kind, name, identities } = await knownBackend({ ...deps, db }, id);
      about({ kind: "sign-in-backend", id, name });
      await mustHoldWhatItGives(db, actor, id);
      // One whose kind this version does not know can be deleted, too.
      const entry = backends.list().find((one) => one.kind === kind);
      await mayRule(db, actor, entry, stored!);
      if (identities > 0 && !withIdentities) {
        throw new Fault(
          "conflict",
          `${identities} ${identities === 1 ? "user is" : "users are"} linked to "${name}". Switch it off to keep the links, or delete them along with it.`,
          { identities },
        );
      }
      note({ identities, tookBack: await takeBackAll(db, id) });
      await db.deleteFrom("sign_in_backend").where("id", "=", id).execute();
      return {};
    },
  });

  const reorder = serve(schema.orderSignInBackends, {
    access: "granted",
    async run({ db, note }, { ids }) {
      const rows = await db.selectFrom("sign_in_backend").select(["id", "name"]).forUpdate().execute();
      const names = new Map(rows.map((row) => [row.id, row.name]));
      if (new Set(ids).size !== rows.length || ids.length !== rows.length || ids.some((id) => !names.has(id))) {
        throw new Fault("conflict", "Backends were added or removed meanwhile. Load the page again.");
      }
      for (const [place, id] of ids.entries()) {
        await db
          .updateTable("sign_in_backend")
          .set({ position: place + 1 })
          .where("id", "=", id)
          .execute();
      }
      note({ order: ids.map((id) => names.get(id)) });
      return {};
    },
  });

  return [
    serve(schema.listSignInBackendKinds, {
      access: "granted",
      run: async (_, { search }) => ({ items: describedKinds(deps, search), next: null }),
    }),
    serve(schema.listSignInBackends, {
      access: "granted",
      run: ({ db }, input) => listBackends({ ...deps, db }, input),
    }),
    serve(schema.readSignInBackend, { access: "granted", run: ({ db }, { id }) => knownBackend({ ...deps, db }, id) }),
    create,
    update,
    remove,
    reorder,
  ];
}
