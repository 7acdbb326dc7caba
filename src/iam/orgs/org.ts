import type { Db } from "../../db/index.ts";

/** The organization that every installation has. */
export const DEFAULT_ORGANIZATION = "00000000-0000-7000-8000-000000000001";

/** Makes the default organization if it is missing. */
export async function writeDefaultOrganization(db: Db): Promise<void> {
  await createOrganization(db, { id: DEFAULT_ORGANIZATION, name: "Default" });
}

/** Makes an organization; does nothing if the id exists. */
export async function createOrganization(
  db: Db,
  organization: { id: string; name: string; comment?: string },
): Promise<void> {
  await db
    .insertInto("organization")
    .values(organization)
    .onConflict((conflict) => conflict.column("id").doNothing())
    .execute();
}
