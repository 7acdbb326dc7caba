import { sql } from "kysely";
import type { Registry } from "../../core/index.ts";
import { containing, type Db, page, type Sealer } from "../../db/index.ts";
import type { Backend } from "./backend.ts";
import type { SignInBackend } from "./schema.ts";
import { secretFields, settingsOf, shownSettings, type Stored, storedOf } from "./stored-settings.ts";

interface Deps {
  readonly db: Db;
  readonly sealer: Sealer;
  readonly backends: Registry<Backend>;
}

const rows = (db: Db) =>
  db
    .selectFrom("sign_in_backend")
    .leftJoin("organization", "organization.id", "sign_in_backend.org_id")
    .select([
      "sign_in_backend.id",
      "sign_in_backend.kind",
      "sign_in_backend.name",
      "sign_in_backend.active",
      "sign_in_backend.position",
      "sign_in_backend.settings",
      "sign_in_backend.sealed",
      "sign_in_backend.org_id as orgId",
      "organization.name as orgName",
      "sign_in_backend.creates_users as createsUsers",
      "sign_in_backend.version",
      "sign_in_backend.created_at as createdAt",
      "sign_in_backend.updated_at as updatedAt",
      "sign_in_backend.synced_at as syncedAt",
      sql<string>`(select count(*) from identity i where i.backend_id = sign_in_backend.id)`.as("identities"),
      sql<string>`(select count(*) from backend_mapping m where m.backend_id = sign_in_backend.id)`.as("mappings"),
    ]);

type Row = Awaited<ReturnType<ReturnType<typeof rows>["executeTakeFirstOrThrow"]>>;

function toBackend({ sealer, backends }: Deps, row: Row): SignInBackend {
  const entry = backends.list().find(({ kind }) => kind === row.kind);
  const { id, kind, name, active, position, createsUsers, version, orgId, orgName } = row;
  const stored = openStored(sealer, row);
  return {
    id,
    kind,
    name,
    active,
    position,
    createsUsers,
    version,
    flow: entry?.flow ?? "form",
    syncs: entry?.flow === "form" && entry.people !== undefined,
    problem: problemOf(entry, stored),
    settings: entry && stored ? shownSettings(entry, stored) : {},
    secrets: Object.fromEntries(
      [...(entry ? secretFields(entry) : [])].map((field) => [
        field,
        stored && field in stored.secret ? "set" : "unset",
      ]),
    ),
    organization: orgId ? { id: orgId, name: orgName ?? "" } : null,
    identities: Number(row.identities),
    mappings: Number(row.mappings),
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
    syncedAt: row.syncedAt?.toISOString() ?? null,
  };
}

/** Null when the sealed part does not open: the list must still be shown. */
function openStored(sealer: Sealer, row: Row): Stored | null {
  try {
    return storedOf(sealer, row);
  } catch {
    return null;
  }
}

function problemOf(entry: Backend | undefined, stored: Stored | null): string | null {
  if (!entry) return "This version of the program does not know this kind of backend.";
  if (!stored) return "Its secrets do not open. Start with the master key this database was made with.";
  if (!settingsOf(entry, stored)) return "This version of the program refuses its settings. Open and save them again.";
  return null;
}

export async function findBackend(deps: Deps, id: string): Promise<SignInBackend | null> {
  const row = await rows(deps.db).where("sign_in_backend.id", "=", id).executeTakeFirst();
  return row ? toBackend(deps, row) : null;
}

export async function listBackends(
  deps: Deps,
  filter: { search?: string | undefined; limit: number; cursor?: string | undefined },
) {
  let query = rows(deps.db);
  if (filter.search) query = query.where("sign_in_backend.name", "ilike", containing(filter.search));
  const found = await page(query, {
    by: "sign_in_backend.position",
    id: "sign_in_backend.id",
    limit: filter.limit,
    cursor: filter.cursor,
  });
  return { items: found.items.map((row) => toBackend(deps, row)), next: found.next };
}
