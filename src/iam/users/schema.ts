import { z } from "zod";
import { Done, endpoint, listInput, listOutput } from "../../core/endpoint.ts";
import { Comment, Id, LoginName, Moment, Name, Named, plain, Version } from "../../core/fields.ts";
import { NewPassword } from "../login/schema.ts";
import { RoleId } from "../roles/schema.ts";

const Email = plain(z.email("Not a mail address.").max(254));

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
const PublicKeyLine = plain(z.string().trim().min(1, "Paste a public key.").max(20_000));

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
