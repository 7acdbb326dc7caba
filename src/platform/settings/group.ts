import type { z } from "zod";
import { hides } from "../../core/index.ts";

/** Whose values a group has: the installation's alone, or an organization's own above them. */
export type SettingsScope = "site" | "organization";

/**
 * Settings that belong together. Every field of the schema has a default; what `redact` would hide (`secret()`, and text
 * that nobody marked `plain()`) is stored sealed and never shown.
 */
export interface SettingsGroup<S extends z.ZodObject = z.ZodObject> {
  /** A word in kebab-case; also the key of the console's texts. */
  readonly key: string;
  /** In English, for those who read the API. */
  readonly title: string;
  readonly scope: SettingsScope;
  readonly schema: S;
  /**
   * Settings whose change asks for the secrets anew, so that none is sent to a server it was not given for. The first is
   * the server's address: while that is blank, nothing is sent at all.
   */
  readonly secretsStayWith?: readonly string[];
}

/** A group of any shape, as lists hold it. */
export type AnySettingsGroup = SettingsGroup;

/** Declares a group. Throws at start-up when the key is no word or a field has no default. */
export function settingsGroup<S extends z.ZodObject>(group: SettingsGroup<S>): SettingsGroup<S> {
  if (!/^[a-z][a-z0-9-]{0,63}$/.test(group.key)) throw new Error(`Not a key of settings: ${group.key}`);
  if (!group.schema.safeParse({}).success) throw new Error(`A field of the settings "${group.key}" has no default`);
  return group;
}

export type Values = Readonly<Record<string, unknown>>;

/** Names of the fields that are stored sealed. */
export const secretFields = ({ schema }: SettingsGroup): ReadonlySet<string> =>
  new Set(Object.entries(schema.shape).flatMap(([name, field]) => (hides(field as z.ZodType) ? [name] : [])));

/** What one layer (an organization, the site) has set: the fields to be shown and the secret ones. */
export interface Layer {
  readonly version: number;
  readonly updatedAt: Date | null;
  readonly open: Values;
  readonly secret: Values;
}

/** A layer in which nothing is set. */
export const EMPTY_LAYER: Layer = { version: 0, updatedAt: null, open: {}, secret: {} };

/**
 * The values that hold: field by field the last layer that sets it, over the defaults. A stored value that this version's
 * schema refuses counts as not set, and so does a whole layer that does not go together with those below it.
 */
export function effective<S extends z.ZodObject>(group: SettingsGroup<S>, layers: readonly Layer[]): z.output<S> {
  const usable = layers.map((layer) => accepted(group, { ...layer.open, ...layer.secret }));
  for (let count = usable.length; count > 0; count--) {
    const parsed = group.schema.safeParse(Object.assign({}, ...usable.slice(0, count)));
    if (parsed.success) return parsed.data;
  }
  return group.schema.parse({});
}

/** Those of the values that the schema takes. */
export function accepted({ schema }: SettingsGroup, values: Values): Values {
  const shape = schema.shape as Record<string, z.ZodType>;
  const fits = (name: string, value: unknown) => Object.hasOwn(shape, name) && shape[name]!.safeParse(value).success;
  return Object.fromEntries(Object.entries(values).filter(([name, value]) => fits(name, value)));
}
