import type { z } from "zod";
import { type Actor, Fault, newId, notFound } from "../../core/index.ts";
import { type Db, serve, violated } from "../../db/index.ts";
import { changedMeanwhile } from "../../iam/index.ts";
import type { Platform } from "../../platform/index.ts";
import { findGrant, listGrants, replaceSide, type Side } from "./grant.store.ts";
import * as schema from "./schema.ts";
import type { Grant } from "./schema.ts";
import { endBySettings, ruleSettings } from "./settings.ts";

const orgOf = (actor: Actor): string => actor.orgId ?? "";

async function visibleGrant(db: Db, actor: Actor, id: string, now: Date): Promise<Grant> {
  const grant = await findGrant(db, orgOf(actor), id, now);
  if (!grant) throw notFound("permission rule");
  return grant;
}

type Fields = Omit<z.output<typeof schema.updateGrant.input>, "id" | "version">;

const WHAT: Record<Side, string> = { userIds: "user", groupIds: "group", assetIds: "asset", nodeIds: "node" };

function refusal(name: string): (error: unknown) => never {
  return (error) => {
    const broken = violated(error);
    if (broken === "grant_name_is_unique")
      throw new Fault("conflict", `There is a rule "${name}" already. Choose another name.`);
    if (broken === "grant_window_is_not_empty")
      throw new Fault("invalid", "expiresAt: the end must come after the start.");
    if (broken === "grant_forwards_somewhere")
      throw new Fault("invalid", "forwardTo: say where ports may be forwarded to, or take the action away.");
    throw error;
  };
}

function columns(fields: Fields) {
  const { accounts, protocols, startsAt, expiresAt, name, comment, active, actions, forwardTo, atEnd } = fields;
  const virtual = accounts && { manual: accounts.manual, same_name: accounts.sameName, anonymous: accounts.anonymous };
  return {
    name,
    comment,
    active,
    actions: actions && [...new Set(actions)],
    forward_to: forwardTo && [...new Set(forwardTo)],
    ...(atEnd && { at_end: atEnd.what, warn_minutes: atEnd.what === "warn" ? atEnd.minutes : null }),
    ...(startsAt !== undefined && { starts_at: startsAt }),
    ...(expiresAt !== undefined && { expires_at: expiresAt }),
    ...(accounts && {
      all_accounts: accounts.all,
      account_names: accounts.names,
      excluded_names: accounts.excluded,
      virtual_accounts: Object.entries(virtual ?? {}).flatMap(([kind, wanted]) => (wanted ? [kind] : [])),
    }),
    ...(protocols && { all_protocols: protocols.all, protocols: protocols.kinds }),
  };
}

async function replaceSides(db: Db, actor: Actor, id: string, fields: Fields): Promise<void> {
  for (const side of Object.keys(WHAT) as Side[]) {
    const ids = fields[side];
    if (!ids) continue;
    await replaceSide(db, orgOf(actor), id, side, ids).catch((error) => {
      if (violated(error)?.endsWith("_is_of_the_organization")) throw notFound(WHAT[side]);
      throw error;
    });
  }
}

type Settings = Pick<Platform["settings"], "read">;

const create = (settings: Settings) =>
  serve(schema.createGrant, {
    access: "granted",
    async run({ db, actor, now, about }, input) {
      const id = newId();
      about({ kind: "grant", id, name: input.name });
      const atEnd = input.atEnd ?? endBySettings(await settings.read(ruleSettings, orgOf(actor), db));
      const startsAt = input.startsAt ?? now.toISOString();
      const values = { ...columns({ ...input, startsAt, atEnd }), name: input.name };
      await db
        .insertInto("access_grant")
        .values({ id, org_id: orgOf(actor), ...values })
        .execute()
        .catch(refusal(input.name));
      await replaceSides(db, actor, id, input);
      return visibleGrant(db, actor, id, now);
    },
  });

const update = serve(schema.updateGrant, {
  access: "granted",
  async run({ db, actor, now, about, changed }, { id, version, ...fields }) {
    const before = await visibleGrant(db, actor, id, now);
    about({ kind: "grant", id, name: before.name });
    const done = await db
      .updateTable("access_grant")
      .set({ ...columns(fields), version: version + 1, updated_at: now })
      .where("org_id", "=", orgOf(actor))
      .where("id", "=", id)
      .where("version", "=", version)
      .executeTakeFirst()
      .catch(refusal(fields.name ?? before.name));
    if (done.numUpdatedRows !== 1n) throw changedMeanwhile("rule", before);
    await replaceSides(db, actor, id, fields);
    const after = await visibleGrant(db, actor, id, now);
    changed(before, after);
    return after;
  },
});

const remove = serve(schema.deleteGrant, {
  access: "granted",
  async run({ db, actor, now, about }, { id }) {
    const grant = await visibleGrant(db, actor, id, now);
    about({ kind: "grant", id, name: grant.name });
    await db.deleteFrom("access_grant").where("org_id", "=", orgOf(actor)).where("id", "=", id).execute();
    return {};
  },
});

export const grantActions = ({ settings }: { settings: Settings }) => [
  serve(schema.listGrants, {
    access: "granted",
    run: ({ db, actor, now }, input) => listGrants(db, orgOf(actor), input, now),
  }),
  serve(schema.readGrant, { access: "granted", run: ({ db, actor, now }, { id }) => visibleGrant(db, actor, id, now) }),
  create(settings),
  update,
  remove,
];
