import { z } from "zod";
import { type Actor, changedMeanwhile, Fault, notFound } from "../../core/index.ts";
import { type Db, serve } from "../../db/index.ts";
import * as schema from "./schema.ts";
import { accepted, type AnySettingsGroup, effective, type Layer, secretFields, type Values } from "./group.ts";
import type { Owner, SettingStore } from "./setting.store.ts";

interface Deps {
  readonly groups: readonly AnySettingsGroup[];
  readonly store: SettingStore;
}

/** Where a group's values are read and changed: its own layer, and those below. */
interface Place {
  readonly group: AnySettingsGroup;
  readonly owner: Owner;
  readonly below: readonly Layer[];
}

/** Reading and changing settings: of the installation, and of one organization. */
export function settingActions(deps: Deps) {
  const { store } = deps;

  async function placeOf(db: Db, owner: Owner, key: string): Promise<Place> {
    const group = deps.groups.find((one) => one.key === key);
    if (!group || (owner !== null && group.scope === "site")) throw notFound("group of settings");
    return { group, owner, below: owner === null ? [] : [await store.readLayer(db, null, key)] };
  }

  async function read(db: Db, owner: Owner, key: string): Promise<schema.SettingsValues> {
    const place = await placeOf(db, owner, key);
    return shown(place, await store.readLayer(db, owner, key));
  }

  async function update(db: Db, owner: Owner, now: Date, input: z.output<typeof schema.updateSettings.input>) {
    const place = await placeOf(db, owner, input.key);
    const layer = await store.readLayer(db, owner, input.key, true);
    const before = shown(place, layer);
    if (layer.version !== input.version) throw changedMeanwhile("group of settings", { ...before });
    const next = { ...changedLayer(place, layer, input), updatedAt: now };
    if (!(await store.writeLayer(db, owner, input.key, next))) {
      throw changedMeanwhile("group of settings", { ...(await read(db, owner, input.key)) });
    }
    return { before, after: await read(db, owner, input.key), group: place.group };
  }

  const served = (endpoint: typeof schema.updateSettings, ownerOf: (actor: Actor) => Owner) =>
    serve(endpoint, {
      access: "granted",
      async run({ db, actor, now, about, note, changed }, input) {
        about({ kind: "settings", id: null, name: input.key });
        const { before, after, group } = await update(db, ownerOf(actor), now, input);
        changed(before, after);
        const secrets = secretFields(group);
        const replaced = Object.entries(input.values).flatMap(([name, value]) =>
          secrets.has(name) && !isBlank(value) ? [name] : [],
        );
        note({ key: input.key, secretsReplaced: replaced, reset: input.reset });
        return after;
      },
    });

  const listed = (groups: readonly AnySettingsGroup[], search: string | undefined) => ({
    items: groups
      .filter(({ key, title }) => !search || `${key} ${title}`.toLowerCase().includes(search.toLowerCase()))
      .map(described),
    next: null,
  });

  return [
    serve(schema.listSettings, {
      access: "granted",
      run: async (_, { search }) => listed(deps.groups, search),
    }),
    serve(schema.readSettings, { access: "granted", run: ({ db }, { key }) => read(db, null, key) }),
    served(schema.updateSettings, () => null),
    serve(schema.listOrganizationSettings, {
      access: "granted",
      run: async (_, { search }) =>
        listed(
          deps.groups.filter(({ scope }) => scope === "organization"),
          search,
        ),
    }),
    serve(schema.readOrganizationSettings, {
      access: "granted",
      run: ({ db, actor }, { key }) => read(db, organizationOf(actor), key),
    }),
    served(schema.updateOrganizationSettings, organizationOf),
  ];
}

/** Never null: that would be the installation's. */
function organizationOf({ orgId }: Actor): string {
  if (orgId) return orgId;
  throw notFound("organization");
}

const isBlank = (value: unknown): boolean => value === "" || value === null;

function described(group: AnySettingsGroup): schema.SettingsGroupInfo {
  const json = z.toJSONSchema(group.schema, { io: "input", unrepresentable: "any" }) as {
    properties?: Record<string, Record<string, unknown>>;
  };
  for (const name of secretFields(group)) {
    const { default: _, ...field } = json.properties?.[name] ?? {};
    json.properties![name] = { ...field, writeOnly: true };
  }
  const { key, title, scope } = group;
  return { key, title, scope, schema: json };
}

function shown({ group, below }: Place, layer: Layer): schema.SettingsValues {
  const secrets = secretFields(group);
  const open = (values: Values): Values =>
    Object.fromEntries(Object.entries(values).filter(([name]) => !secrets.has(name)));
  const stateOf = (name: string) =>
    name in layer.secret ? "own" : below.some(({ secret }) => name in secret) ? "inherited" : "unset";
  return {
    key: group.key,
    version: layer.version,
    updatedAt: layer.updatedAt?.toISOString() ?? null,
    values: open(effective(group, [...below, layer])),
    inherited: open(effective(group, below)),
    own: [...Object.keys(layer.open), ...Object.keys(layer.secret)].toSorted(),
    secrets: Object.fromEntries([...secrets].map((name) => [name, stateOf(name)])),
  };
}

type Change = Pick<z.output<typeof schema.updateSettings.input>, "values" | "reset">;

/** The layer with the change; Fault `invalid` when a field is unknown or the values that would hold are refused. */
function changedLayer({ group, below }: Place, layer: Layer, { values, reset }: Change): Layer {
  const shape = group.schema.shape as Record<string, z.ZodType>;
  const named = [...Object.keys(values), ...reset];
  const odd = named.find((name, place) => !Object.hasOwn(shape, name) || named.indexOf(name) !== place);
  if (odd !== undefined) throw refused([{ path: odd, message: "There is no such setting, or it is named twice." }]);
  const secrets = secretFields(group);
  const stays = (name: string) => !reset.includes(name);
  const own = Object.fromEntries(
    Object.entries({ ...layer.open, ...layer.secret }).filter(([name]) => stays(name) && Object.hasOwn(shape, name)),
  );
  for (const [name, value] of Object.entries(values)) {
    if (!(secrets.has(name) && isBlank(value))) own[name] = value;
  }
  const under = below.map(({ open, secret }) => accepted(group, { ...open, ...secret }));
  const parsed = group.schema.safeParse(Object.assign({}, ...under, own));
  if (!parsed.success) {
    const issues = parsed.error.issues.slice(0, 50);
    throw refused(issues.map(({ path, message }) => ({ path: path.join("."), message })));
  }
  mustNotMislead(group, effective(group, [...below, layer]), parsed.data, values);
  const kept = Object.keys(own).map((name) => [name, (parsed.data as Values)[name]] as const);
  return {
    ...layer,
    open: Object.fromEntries(kept.filter(([name]) => !secrets.has(name))),
    secret: Object.fromEntries(kept.filter(([name]) => secrets.has(name))),
  };
}

/** A stored secret goes to no other server than the one it was given for: whoever changes that types it again. */
function mustNotMislead(group: AnySettingsGroup, before: Values, after: Values, typed: Values): void {
  const [address] = group.secretsStayWith ?? [];
  if (address === undefined || isBlank(after[address])) return;
  const moved = group.secretsStayWith?.find((name) => before[name] !== after[name]);
  const kept = [...secretFields(group)].find((name) => !isBlank(after[name]) && isBlank(typed[name] ?? ""));
  if (moved === undefined || kept === undefined) return;
  throw refused([{ path: kept, message: `Type it again, or remove it: it was given for another "${moved}".` }]);
}

const refused = (problems: readonly { path: string; message: string }[]): Fault => {
  const first = problems[0];
  return new Fault("invalid", first?.path ? `${first.path}: ${first.message}` : (first?.message ?? "Invalid input."), {
    problems,
  });
};
