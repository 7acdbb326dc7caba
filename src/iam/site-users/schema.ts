import { z } from "zod";
import { Done, endpoint, listInput, listOutput } from "../../core/endpoint.ts";
import { Id, KnownLoginName, Moment, Name, Named, plain, Version } from "../../core/fields.ts";
import { RoleId } from "../roles/schema.ts";

export const SiteUser = z.object({
  id: Id,
  kind: z.enum(["person", "service"]),
  loginName: KnownLoginName,
  name: Name,
  email: plain(z.string()).nullable(),
  active: z.boolean(),
  expiresAt: Moment.nullable(),
  /** The first of them, by name. */
  organizations: z.array(Named),
  systemRoles: z.array(RoleId),
  version: Version,
  createdAt: Moment,
  lastSignInAt: Moment.nullable(),
});
export type SiteUser = z.output<typeof SiteUser>;

export const listSiteUsers = endpoint({
  route: "GET /site-users",
  name: "site-user.list",
  title: "List the users of all organizations",
  scope: "system",
  input: listInput({
    active: z.stringbool().optional(),
    expired: z.stringbool().optional(),
    kind: z.enum(["person", "service"]).optional(),
    orgId: Id.optional(),
    systemRoleId: RoleId.optional(),
  }),
  output: listOutput(SiteUser),
});

export const readSiteUser = endpoint({
  route: "GET /site-users/:id",
  name: "site-user.read",
  title: "Read a user of any organization",
  scope: "system",
  input: z.object({ id: Id }),
  output: SiteUser,
});

export const updateSiteUser = endpoint({
  route: "PATCH /site-users/:id",
  name: "site-user.update",
  title: "Enable or disable a user everywhere, or set when they expire",
  scope: "system",
  input: z.object({
    id: Id,
    version: Version,
    active: z.boolean().optional(),
    expiresAt: Moment.nullable().optional(),
  }),
  output: SiteUser,
});

export const deleteSiteUser = endpoint({
  route: "DELETE /site-users/:id",
  name: "site-user.delete",
  title: "Delete a user out of all organizations; live sessions end",
  scope: "system",
  input: z.object({ id: Id }),
  output: Done,
});
