import { z } from "zod";
import { Fault, hides } from "../../core/index.ts";
import type { Db, Sealer } from "../../db/index.ts";
import type { Backend } from "./backend.ts";

export type Values = Readonly<Record<string, unknown>>;

/** What is stored of a backend's settings: the fields to be shown and the secret ones. */
export interface Stored {
  readonly open: Values;
  readonly secret: Values;
}

const shapeOf = ({ settings }: Backend): Record<string, z.ZodType> => (settings as unknown as z.ZodObject).shape;

/** Names of the fields that are stored sealed: whatever `redact` would hide. */
export const secretFields = (entry: Backend): ReadonlySet<string> =>
  new Set(Object.entries(shapeOf(entry)).flatMap(([name, field]) => (hides(field) ? [name] : [])));

/** What the secret settings of a backend are sealed as. */
const sealedAs = (id: string): string => `sign_in_backend:${id}`;

export const sealSecrets = (sealer: Sealer, id: string, secret: Values): Buffer | null =>
  Object.keys(secret).length === 0 ? null : sealer.seal(JSON.stringify(secret), sealedAs(id));

const openSecrets = (sealer: Sealer, id: string, sealed: Buffer | null): Values =>
  sealed ? (JSON.parse(sealer.open(sealed, sealedAs(id)).toString()) as Values) : {};

/** JSON Schema of the settings; secret fields are `writeOnly` and have no default. */
export function jsonSchemaOf(entry: Backend): Record<string, unknown> {
  const json = z.toJSONSchema(entry.settings, { io: "input", unrepresentable: "any" }) as {
    properties?: Record<string, Record<string, unknown>>;
  };
  for (const name of secretFields(entry)) {
    const { default: _, ...field } = json.properties?.[name] ?? {};
    json.properties![name] = { ...field, writeOnly: true };
  }
  return json;
}

/** All settings with their defaults; null when they are refused. */
export function settingsOf(entry: Backend, { open, secret }: Stored): Values | null {
  const parsed = entry.settings.safeParse({ ...open, ...secret });
  return parsed.success ? (parsed.data as Values) : null;
}

/** The fields to be shown, with their defaults. */
export function shownSettings(entry: Backend, stored: Stored): Values {
  const secrets = secretFields(entry);
  const all = settingsOf(entry, stored) ?? stored.open;
  return Object.fromEntries(Object.entries(all).filter(([name]) => !secrets.has(name)));
}

const isBlank = (value: unknown): boolean => value === "" || value === null;

/**
 * What is stored after a change. Fault `invalid` when a field is unknown, the settings are refused, or a secret would
 * go to a server that it was not given for.
 */
export function changedSettings(
  entry: Backend,
  stored: Stored,
  { values, reset }: { readonly values: Values; readonly reset: readonly string[] },
): Stored & { readonly replaced: readonly string[] } {
  const shape = shapeOf(entry);
  const secrets = secretFields(entry);
  const named = [...Object.keys(values), ...reset];
  const odd = named.find((name, place) => !Object.hasOwn(shape, name) || named.indexOf(name) !== place);
  if (odd !== undefined) throw refused([{ path: odd, message: "There is no such setting, or it is named twice." }]);
  const own: Record<string, unknown> = Object.fromEntries(
    Object.entries({ ...stored.open, ...stored.secret }).filter(
      ([name]) => !reset.includes(name) && Object.hasOwn(shape, name),
    ),
  );
  const replaced = Object.keys(values).filter((name) => secrets.has(name) && !isBlank(values[name]));
  for (const [name, value] of Object.entries(values)) {
    if (!secrets.has(name) || replaced.includes(name)) own[name] = value;
  }
  const parsed = entry.settings.safeParse(own);
  if (!parsed.success) {
    throw refused(parsed.error.issues.slice(0, 50).map(({ path, message }) => ({ path: path.join("."), message })));
  }
  const kept = Object.keys(own).map((name) => [name, (parsed.data as Values)[name]] as const);
  const next = {
    open: Object.fromEntries(kept.filter(([name]) => !secrets.has(name))),
    secret: Object.fromEntries(kept.filter(([name]) => secrets.has(name))),
    replaced,
  };
  mustNotMislead(entry, stored, next);
  return next;
}

/** A stored secret is not sent to another server than the one it was given for: whoever changes that types it again. */
function mustNotMislead(entry: Backend, before: Stored, after: Stored & { replaced: readonly string[] }): void {
  const moved = (entry.secretsStayWith ?? []).find(
    (name) => JSON.stringify(shownSettings(entry, before)[name]) !== JSON.stringify(shownSettings(entry, after)[name]),
  );
  const kept = Object.keys(before.secret).find((name) => name in after.secret && !after.replaced.includes(name));
  if (!moved || kept === undefined) return;
  throw refused([{ path: kept, message: `Type it again: it was given for another "${moved}".` }]);
}

const refused = (problems: readonly { path: string; message: string }[]): Fault => {
  const first = problems[0];
  return new Fault(
    "invalid",
    first?.path ? `${first.path}: ${first.message}` : (first?.message ?? "Invalid settings."),
    {
      problems,
    },
  );
};

/** The stored settings of a row. */
export const storedOf = (sealer: Sealer, row: { id: string; settings: unknown; sealed: Buffer | null }): Stored => ({
  open: row.settings as Values,
  secret: openSecrets(sealer, row.id, row.sealed),
});

/** Locks the row and reads its settings; null if there is none. */
export async function lockStored(db: Db, sealer: Sealer, id: string): Promise<Stored | null> {
  const row = await db
    .selectFrom("sign_in_backend")
    .select(["id", "settings", "sealed"])
    .where("id", "=", id)
    .forUpdate()
    .executeTakeFirst();
  return row ? storedOf(sealer, row) : null;
}
