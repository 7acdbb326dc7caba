import { Fault, type Registry } from "../../core/index.ts";
import type { Db, Sealer } from "../../db/index.ts";
import type { Backend, BackendCall } from "./backend.ts";
import { settingsOf, storedOf } from "./stored-settings.ts";

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

interface Deps {
  readonly db: Db;
  readonly sealer: Sealer;
  readonly backends: Registry<Backend>;
}

/** The active backends, in the order in which they are tried; all, or those of one flow or id. */
export async function activeBackends(
  deps: Deps,
  only: { readonly flow?: Backend["flow"]; readonly id?: string } = {},
): Promise<Configured[]> {
  let query = deps.db.selectFrom("sign_in_backend").selectAll().where("active", "=", true);
  if (only.id) query = query.where("id", "=", only.id);
  const rows = await query.orderBy("position").orderBy("sort_name").limit(100).execute();
  return rows.flatMap((row) => {
    const configured = configuredOf(deps, row);
    return configured && (!only.flow || configured.entry.flow === only.flow) ? [configured] : [];
  });
}

/** The backend of that id, active or not; Fault `conflict` while its settings cannot be used, null if there is none. */
export async function backendOfId(deps: Deps, id: string): Promise<Configured | null> {
  const row = await deps.db.selectFrom("sign_in_backend").selectAll().where("id", "=", id).executeTakeFirst();
  if (!row) return null;
  const configured = configuredOf(deps, row);
  if (!configured)
    throw new Fault("conflict", "The settings of this backend cannot be used. Open and save them again.");
  return configured;
}

type Row = Parameters<typeof storedOf>[1] & {
  readonly kind: string;
  readonly name: string;
  readonly org_id: string | null;
  readonly creates_users: boolean;
};

/** Null when this version cannot use it: that one is left out, and nobody else's sign-in suffers. */
function configuredOf({ sealer, backends }: Deps, row: Row): Configured | null {
  const entry = backends.list().find(({ kind }) => kind === row.kind);
  if (!entry) return null;
  try {
    const settings = settingsOf(entry, storedOf(sealer, row));
    const { id, kind, name, org_id: orgId, creates_users: createsUsers } = row;
    return settings && { id, kind, name, orgId, createsUsers, entry, settings };
  } catch (error) {
    if (error instanceof Fault) return null;
    throw error;
  }
}

/** The call of a configured backend; it has 15 seconds, or less where `signal` ends earlier. */
export const callOf = (
  { id, settings }: Pick<Configured, "id" | "settings">,
  say: (line: string) => void = () => {},
  signal?: AbortSignal,
): BackendCall<unknown> => {
  const own = AbortSignal.timeout(PATIENCE_MS);
  return { id, settings, say, signal: signal ? AbortSignal.any([signal, own]) : own };
};

/** Waits no longer than the call's signal says, whatever the backend does; Fault `timeout`. */
export async function bounded<T>(
  call: Pick<BackendCall<unknown>, "signal">,
  name: string,
  work: Promise<T>,
): Promise<T> {
  const { signal } = call;
  const slow = (): Fault =>
    new Fault("timeout", `${name} did not answer in time. Try again, or ask an administrator to look at it.`);
  work.catch(() => {});
  if (signal.aborted) throw slow();
  let stop: (() => void) | undefined;
  const late = new Promise<never>((_, reject) => {
    stop = () => reject(slow());
    signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([work, late]);
  } catch (error) {
    if (signal.aborted && !(error instanceof Fault)) throw slow();
    throw error;
  } finally {
    signal.removeEventListener("abort", stop!);
  }
}
