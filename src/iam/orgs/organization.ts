import { changedMeanwhile, Fault, newId, notFound } from "../../core/index.ts";
import { type Db, serve, violated } from "../../db/index.ts";
import * as schema from "../schema.ts";
import { createOrganization, DEFAULT_ORGANIZATION } from "./org.ts";
import {
  eraseOrganization,
  findOrganization,
  listAllOrganizations,
  listMembersOf,
  standingInTheWay,
} from "./org.store.ts";

async function known(db: Db, id: string): Promise<schema.Organization> {
  const organization = await findOrganization(db, id);
  if (!organization) throw notFound("organization");
  return organization;
}

function nameTaken(name: string | undefined): (error: unknown) => never {
  return (error) => {
    if (violated(error) !== "organization_name_is_unique") throw error;
    throw new Fault("conflict", `There is an organization "${name}" already. Choose another name.`);
  };
}

const create = serve(schema.createOrganizationEndpoint, {
  access: "granted",
  async run({ db, about }, { name, comment }) {
    const id = newId();
    about({ kind: "organization", id, name });
    await createOrganization(db, { id, name, comment }).catch(nameTaken(name));
    return known(db, id);
  },
});

const update = serve(schema.updateOrganization, {
  access: "granted",
  async run({ db, now, about, changed }, { id, version, ...changes }) {
    const before = await known(db, id);
    about({ kind: "organization", id, name: before.name });
    const done = await db
      .updateTable("organization")
      .set({ ...changes, version: version + 1, updated_at: now })
      .where("id", "=", id)
      .where("version", "=", version)
      .executeTakeFirst()
      .catch(nameTaken(changes.name));
    if (done.numUpdatedRows !== 1n) throw changedMeanwhile("organization", before);
    const after = await known(db, id);
    changed(before, after);
    return after;
  },
});

const remove = serve(schema.deleteOrganization, {
  access: "granted",
  async run({ db, actor, about }, { id }) {
    const organization = await known(db, id);
    about({ kind: "organization", id, name: organization.name });
    if (id === DEFAULT_ORGANIZATION) throw new Fault("conflict", "The first organization stays. Rename it instead.");
    if (id === actor.orgId) throw new Fault("conflict", "You are in this organization. Switch to another one first.");
    await db.selectFrom("organization").select("id").where("id", "=", id).forUpdate().execute();
    const inTheWay = await standingInTheWay(db, id);
    if (inTheWay.length > 0) {
      const words = inTheWay.map(({ what, count }) => `${count} ${what}`).join(", ");
      throw new Fault("conflict", `The organization still holds ${words}. Remove them first.`, { inTheWay });
    }
    await eraseOrganization(db, id).catch((error: unknown) => {
      const rule = violated(error);
      if (!rule) throw error;
      throw new Fault("conflict", `Something still belongs to the organization (${rule}). Remove it first.`);
    });
    return {};
  },
});

/** All organizations of the site, for those who administer it. */
export const organizationActions = () => [
  serve(schema.listOrganizations, { access: "granted", run: ({ db }, input) => listAllOrganizations(db, input) }),
  serve(schema.readOrganization, { access: "granted", run: ({ db }, { id }) => known(db, id) }),
  create,
  update,
  remove,
  serve(schema.listMembers, {
    access: "granted",
    async run({ db }, { id, ...wish }) {
      await known(db, id);
      return listMembersOf(db, id, wish);
    },
  }),
];
