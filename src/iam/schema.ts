import { z } from "zod";
import { Done, endpoint, listInput, listOutput } from "../core/endpoint.ts";
import { Comment, Id, LoginName, Moment, Name, plain, secret } from "../core/fields.ts";

/** At least 12 characters; what else a password must be is checked where it is set. */
export const NewPassword = secret(z.string().min(12, "At least 12 characters.").max(256, "At most 256 characters."));
const TypedPassword = secret(z.string().min(1, "Type the password.").max(256));
const Email = plain(z.email("Not a mail address.").max(254));
const RoleId = plain(z.string().regex(/^[a-z0-9-]{1,64}$/));
/** How many times the row was changed; send back what was read, so that nobody overwrites another's change. */
export const Version = z.number().int().min(1);

export const Named = z.object({ id: Id, name: Name });

export const Preferences = z.object({
  language: z.enum(["en", "zh"]).optional(),
  theme: z.enum(["light", "dark", "system"]).optional(),
  density: z.enum(["compact", "comfortable"]).optional(),
});

export const Me = z.object({
  id: Id,
  loginName: LoginName,
  name: Name,
  organization: Named,
  organizations: z.array(Named),
  permissions: z.array(plain(z.string())),
  preferences: Preferences,
});
export type Me = z.output<typeof Me>;

export const readSetup = endpoint({
  route: "GET /setup",
  name: "setup.read",
  title: "Tell whether the first administrator still has to be made",
  input: z.object({}),
  output: z.object({ needed: z.boolean() }),
});

export const completeSetup = endpoint({
  route: "POST /setup",
  name: "setup.complete",
  title: "Make the first administrator with the single-use set-up token",
  input: z.object({
    token: secret(z.string().min(1).max(200)),
    loginName: LoginName,
    name: Name,
    password: NewPassword,
  }),
  output: Me,
});

export const signIn = endpoint({
  route: "POST /sign-in",
  name: "sign-in",
  title: "Sign in with name and password",
  input: z.object({ loginName: LoginName, password: TypedPassword }),
  output: Me,
});

export const signOut = endpoint({
  route: "POST /sign-out",
  name: "sign-out",
  title: "End this console session",
  input: z.object({}),
  output: Done,
});

export const readMe = endpoint({
  route: "GET /me",
  name: "me.read",
  title: "Tell who is signed in, where, and with which permissions",
  input: z.object({}),
  output: Me,
});

export const setPreferences = endpoint({
  route: "PATCH /me/preferences",
  name: "me.preferences",
  title: "Change one's own language, theme and density",
  input: Preferences,
  output: Preferences,
});

export const changeMyPassword = endpoint({
  route: "PUT /me/password",
  name: "me.password",
  title: "Change one's own password",
  input: z.object({ current: TypedPassword, next: NewPassword }),
  output: Done,
});

export const SshKey = z.object({
  id: Id,
  name: Name,
  algorithm: plain(z.string()),
  fingerprint: plain(z.string()),
  createdAt: Moment,
  lastUsedAt: Moment.nullable(),
});
export type SshKey = z.output<typeof SshKey>;
/** One line as in `id_ed25519.pub`. */
export const PublicKeyLine = plain(z.string().trim().min(1, "Paste a public key.").max(20_000));

export const listMySshKeys = endpoint({
  route: "GET /me/ssh-keys",
  name: "me.ssh-key.list",
  title: "List one's own SSH keys",
  input: listInput({}),
  output: listOutput(SshKey),
});

export const addMySshKey = endpoint({
  route: "POST /me/ssh-keys",
  name: "me.ssh-key.add",
  title: "Add an SSH public key to sign in with",
  input: z.object({ name: Name, publicKey: PublicKeyLine }),
  output: SshKey,
});

export const removeMySshKey = endpoint({
  route: "DELETE /me/ssh-keys/:id",
  name: "me.ssh-key.remove",
  title: "Remove one's own SSH key",
  input: z.object({ id: Id }),
  output: Done,
});

export const User = z.object({
  id: Id,
  loginName: LoginName,
  name: Name,
  email: Email.nullable(),
  comment: Comment,
  active: z.boolean(),
  roles: z.array(RoleId),
  groups: z.array(Named),
  hasPassword: z.boolean(),
  version: Version,
  createdAt: Moment,
  lastSignInAt: Moment.nullable(),
});
export type User = z.output<typeof User>;

const userFields = {
  loginName: LoginName,
  name: Name,
  email: Email.nullable().default(null),
  comment: Comment.default(""),
  active: z.boolean().default(true),
  roles: z.array(RoleId).max(20).default(["user"]),
};

export const listUsers = endpoint({
  route: "GET /users",
  name: "user.list",
  title: "List the users of the organization",
  input: listInput({
    active: z.stringbool().optional(),
    groupId: Id.optional(),
    roleId: RoleId.optional(),
  }),
  output: listOutput(User),
});

export const readUser = endpoint({
  route: "GET /users/:id",
  name: "user.read",
  title: "Read one user",
  input: z.object({ id: Id }),
  output: User,
});

export const createUser = endpoint({
  route: "POST /users",
  name: "user.create",
  title: "Create a user",
  input: z.object({ ...userFields, password: NewPassword.optional() }),
  output: User,
});

export const updateUser = endpoint({
  route: "PATCH /users/:id",
  name: "user.update",
  title: "Change a user, enable or disable, give roles",
  input: z.object({
    id: Id,
    version: Version,
    name: Name.optional(),
    email: Email.nullable().optional(),
    comment: Comment.optional(),
    active: z.boolean().optional(),
    roles: z.array(RoleId).max(20).optional(),
  }),
  output: User,
});

export const deleteUser = endpoint({
  route: "DELETE /users/:id",
  name: "user.delete",
  title: "Delete a user; live sessions end",
  input: z.object({ id: Id }),
  output: Done,
});

export const setUserPassword = endpoint({
  route: "PUT /users/:id/password",
  name: "user.password",
  title: "Set another user's password; console sessions of that user end",
  input: z.object({ id: Id, password: NewPassword }),
  output: Done,
});

export const listUserSshKeys = endpoint({
  route: "GET /users/:id/ssh-keys",
  name: "user.ssh-key.list",
  title: "List a user's SSH keys",
  input: listInput({ id: Id }),
  output: listOutput(SshKey),
});

export const addUserSshKey = endpoint({
  route: "POST /users/:id/ssh-keys",
  name: "user.ssh-key.add",
  title: "Add an SSH public key for a user",
  input: z.object({ id: Id, name: Name, publicKey: PublicKeyLine }),
  output: SshKey,
});

export const removeUserSshKey = endpoint({
  route: "DELETE /users/:id/ssh-keys/:keyId",
  name: "user.ssh-key.remove",
  title: "Remove a user's SSH key",
  input: z.object({ id: Id, keyId: Id }),
  output: Done,
});

export const Group = z.object({
  id: Id,
  name: Name,
  comment: Comment,
  members: z.number().int(),
  version: Version,
  createdAt: Moment,
});
export type Group = z.output<typeof Group>;

export const listGroups = endpoint({
  route: "GET /groups",
  name: "group.list",
  title: "List the groups of the organization",
  input: listInput({ userId: Id.optional() }),
  output: listOutput(Group),
});

export const readGroup = endpoint({
  route: "GET /groups/:id",
  name: "group.read",
  title: "Read one group",
  input: z.object({ id: Id }),
  output: Group,
});

export const createGroup = endpoint({
  route: "POST /groups",
  name: "group.create",
  title: "Create a group",
  input: z.object({ name: Name, comment: Comment.default(""), userIds: z.array(Id).max(1000).default([]) }),
  output: Group,
});

export const updateGroup = endpoint({
  route: "PATCH /groups/:id",
  name: "group.update",
  title: "Rename a group or change its comment",
  input: z.object({ id: Id, version: Version, name: Name.optional(), comment: Comment.optional() }),
  output: Group,
});

export const deleteGroup = endpoint({
  route: "DELETE /groups/:id",
  name: "group.delete",
  title: "Delete a group; what its members reached only through it ends",
  input: z.object({ id: Id }),
  output: Done,
});

export const addGroupMembers = endpoint({
  route: "POST /groups/:id/members",
  name: "group.member.add",
  title: "Add users to a group",
  input: z.object({ id: Id, userIds: z.array(Id).min(1).max(1000) }),
  output: Group,
});

export const removeGroupMembers = endpoint({
  route: "POST /groups/:id/members/remove",
  name: "group.member.remove",
  title: "Take users out of a group",
  input: z.object({ id: Id, userIds: z.array(Id).min(1).max(1000) }),
  output: Group,
});

export const Role = z.object({
  id: RoleId,
  name: Name,
  description: Comment,
  builtIn: z.boolean(),
  permissions: z.array(plain(z.string())),
});
export type Role = z.output<typeof Role>;

export const listRoles = endpoint({
  route: "GET /roles",
  name: "role.list",
  title: "List roles and the permissions they hold",
  input: listInput({}),
  output: listOutput(Role),
});
