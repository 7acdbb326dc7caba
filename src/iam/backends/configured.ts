import type { Registry } from "../../core/index.ts";
import type { Db, Sealer } from "../../db/index.ts";
import type { Backend, BackendCall } from "./backend.ts";

const PATIENCE_MS = 15_000;

/** A backend as somebody configured it. */
export interface Configured {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly orgId: string | null;
  readonly createsUsers: boolean;
  readonly entry: Backend;
  readonly settings: unknown;
}

/** The active backends, in the order in which they are tried; all, or those of one flow or id. */
export async function activeBackends(
  deps: { readonly db: Db; readonly sealer: Sealer; readonly backends: Registry<Backend> },
  only: { readonly flow?: Backend["flow"]; readonly id?: string } = {},
): Promise<Configured[]> {
  const { db, sealer, backends } = deps;
  let query = db.selectFrom("sign_in_backend").selectAll().where("active", "=", true);
  if (only.id) query = query.where("id", "=", only.id);
  const rows = await query.orderBy("position").orderBy("sort_name").limit(100).execute();
  const known = new Map(backends.list().map((entry) => [entry.kind, entry]));
  return rows.flatMap((row) => {
    const entry = known.get(row.kind);
    if (!entry || (only.flow && entry.flow !== only.flow)) return [];
    const secrets = row.sealed ? (JSON.parse(sealer.open(row.sealed, sealedAs(row.id)).toString()) as object) : {};
    const settings = entry.settings.safeParse({ ...(row.settings as object), ...secrets });
    if (!settings.success) return [];
    const { id, kind, name, org_id: orgId, creates_users: createsUsers } = row;
    return [{ id, kind, name, orgId, createsUsers, entry, settings: settings.data }];
  });
}

/** What the secret settings of a backend are sealed as. */
const sealedAs = (id: string): string => `sign_in_backend:${id}`;

/** The call of a configured backend; it has 15 seconds. */
export const callOf = ({ id, settings }: Configured, say: (line: string) => void = () => {}): BackendCall<unknown> => ({
  id,
  settings,
  say,
  signal: AbortSignal.timeout(PATIENCE_MS),
});
