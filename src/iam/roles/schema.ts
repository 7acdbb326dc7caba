import { z } from "zod";
import { Done, endpoint, listInput, listOutput } from "../../core/endpoint.ts";
import { Comment, Id, Name, plain, Version } from "../../core/fields.ts";

export const RoleId = plain(z.string().regex(/^[a-z0-9-]{1,64}$/));
const Scope = z.enum(["system", "organization"]);
/** What a role asks of whoever holds it; null: nothing of its own. */
const SecondFactor = z.enum(["on", "forced"]).nullable();
/** The name of an action that needs a permission. */
const PermissionName = plain(z.string().regex(/^[a-z0-9.-]{1,128}$/, "Not the name of a permission."));
const Permissions = z.array(PermissionName).max(1000);

export const Role = z.object({
  id: RoleId,
  name: Name,
  description: Comment,
  builtIn: z.boolean(),
  scope: Scope,
  /** Whether the organization of the request made it. */
  own: z.boolean(),
  secondFactor: SecondFactor,
  permissions: Permissions,
  version: Version,
});
export type Role = z.output<typeof Role>;

export const listRoles = endpoint({
  route: "GET /roles",
  name: "role.list",
  title: "List roles and the permissions they hold",
  input: listInput({ scope: Scope.optional() }),
  output: listOutput(Role),
});

export const readRole = endpoint({
  route: "GET /roles/:id",
  name: "role.read",
  title: "Show a role, and how many hold it",
  input: z.object({ id: RoleId }),
  output: Role.extend({ holders: z.number().int() }),
});

const NewRole = z.object({
  name: Name,
  description: Comment.default(""),
  secondFactor: SecondFactor.default(null),
  permissions: Permissions,
});

export const createRole = endpoint({
  route: "POST /roles",
  name: "role.create",
  title: "Make a role of the organization",
  input: NewRole,
  output: Role,
});

const RoleChange = z.object({
  id: RoleId,
  version: Version,
  name: Name.optional(),
  description: Comment.optional(),
  secondFactor: SecondFactor.optional(),
  permissions: Permissions.optional(),
});

export const updateRole = endpoint({
  route: "PATCH /roles/:id",
  name: "role.update",
  title: "Change a role of the organization",
  input: RoleChange,
  output: Role,
});

export const deleteRole = endpoint({
  route: "DELETE /roles/:id",
  name: "role.delete",
  title: "Delete a role of the organization that nobody holds",
  input: z.object({ id: RoleId }),
  output: Done,
});

export const createSiteRole = endpoint({
  route: "POST /site/roles",
  name: "site-role.create",
  scope: "system",
  title: "Make a role of the system, or one that every organization may bind",
  input: NewRole.extend({ scope: Scope }),
  output: Role,
});

export const updateSiteRole = endpoint({
  route: "PATCH /site/roles/:id",
  name: "site-role.update",
  scope: "system",
  title: "Change a role of the system, or one of every organization",
  input: RoleChange,
  output: Role,
});

export const deleteSiteRole = endpoint({
  route: "DELETE /site/roles/:id",
  name: "site-role.delete",
  scope: "system",
  title: "Delete a role of the system or of every organization that nobody holds",
  input: z.object({ id: RoleId }),
  output: Done,
});

export const Permission = z.object({
  name: PermissionName,
  title: plain(z.string()),
  scope: Scope,
  /** Whether it only reads. */
  reads: z.boolean(),
});
export type Permission = z.output<typeof Permission>;

export const listPermissions = endpoint({
  route: "GET /permissions",
  name: "role.permissions",
  title: "List every permission that a role can hold",
  input: z.object({}),
  output: z.object({ items: z.array(Permission) }),
});

/** A role that somebody holds, and why. */
const HeldRole = z.object({ id: RoleId, name: Name, scope: Scope });

export const EffectivePermissions = z.object({
  roles: z.array(HeldRole),
  permissions: z.array(Permission.extend({ from: z.array(RoleId) })),
});
export type EffectivePermissions = z.output<typeof EffectivePermissions>;

export const readUserPermissions = endpoint({
  route: "GET /users/:id/permissions",
  name: "user.permissions.read",
  title: "Show what a user may do in this organization, and which role gives it",
  input: z.object({ id: Id }),
  output: EffectivePermissions,
});

export const readMyPermissions = endpoint({
  route: "GET /me/permissions",
  name: "me.permissions",
  title: "Show what one may do here, and which role gives it",
  input: z.object({}),
  output: EffectivePermissions,
});

export const listSystemRoleHolders = endpoint({
  route: "GET /site/role-holders",
  name: "site-role.holder.list",
  scope: "system",
  title: "List who holds roles of the system",
  input: listInput({ roleId: RoleId.optional() }),
  output: listOutput(
    z.object({ id: Id, loginName: plain(z.string()), name: Name, active: z.boolean(), roles: z.array(RoleId) }),
  ),
});

export const setSystemRoles = endpoint({
  route: "PUT /site/role-holders/:id",
  name: "site-role.bind",
  scope: "system",
  title: "Give a user these roles of the system, and no others",
  input: z.object({ id: Id, roles: z.array(RoleId).max(50) }),
  output: z.object({ id: Id, roles: z.array(RoleId) }),
});
