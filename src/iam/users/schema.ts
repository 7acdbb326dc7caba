import { z } from "zod";
import { Done, endpoint, listInput, listOutput } from "../../core/endpoint.ts";
import {
  Comment,
  Id,
  KnownLoginName,
  LoginName,
  Moment,
  Name,
  Named,
  plain,
  secret,
  Version,
} from "../../core/fields.ts";
import { NewPassword, SignInStep } from "../login/schema.ts";
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

const Phone = plain(
  z
    .string()
    .trim()
    .regex(/^\+?[0-9][0-9 ()./-]{2,30}$/, "Digits, with a + before the country's code."),
);
function isTimeZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: zone }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}
const TimeZone = plain(z.string().max(64).refine(isTimeZone, "Not a time zone, as Europe/Berlin is one."));
const SecondFactorLevel = z.enum(["on", "forced"]);
/** How somebody signs in: 'password', or a backend's id. */
const Source = z.object({ id: plain(z.string()), name: Name });

export const User = z.object({
  id: Id,
  /** A service is a program; it signs in with API keys only. */
  kind: z.enum(["person", "service"]),
  loginName: KnownLoginName,
  name: Name,
  email: Email.nullable(),
  comment: Comment,
  active: z.boolean(),
  disabledReason: z.enum(["administrator", "unused", "directory"]).nullable(),
  expiresAt: Moment.nullable(),
  phone: Phone.nullable(),
  timeZone: TimeZone.nullable(),
  roles: z.array(RoleId),
  groups: z.array(Named),
  hasPassword: z.boolean(),
  mustChangePassword: z.boolean(),
  /** What is asked of this user beyond roles, organization and site. */
  secondFactor: SecondFactorLevel.nullable(),
  hasSecondFactor: z.boolean(),
  sources: z.array(Source),
  /** Until when a mailed invitation can be answered; null: there is none. */
  invitedUntil: Moment.nullable(),
  version: Version,
  createdAt: Moment,
  lastSignInAt: Moment.nullable(),
  lastUsedAt: Moment.nullable(),
});
export type User = z.output<typeof User>;

/** Oneself, as one's own page shows it. Name, mail address and login name are given by administrators. */
export const Profile = z.object({
  loginName: KnownLoginName,
  name: Name,
  email: Email.nullable(),
  phone: Phone.nullable(),
  timeZone: TimeZone.nullable(),
  hasPassword: z.boolean(),
  passwordChangedAt: Moment,
  createdAt: Moment,
  lastSignInAt: Moment.nullable(),
});
export type Profile = z.output<typeof Profile>;

export const readMyProfile = endpoint({
  route: "GET /me/profile",
  name: "me.profile.read",
  title: "Read one's own profile",
  input: z.object({}),
  output: Profile,
});

export const updateMyProfile = endpoint({
  route: "PATCH /me/profile",
  name: "me.profile.update",
  title: "Change one's own phone number and time zone",
  input: z.object({ phone: Phone.nullable().optional(), timeZone: TimeZone.nullable().optional() }),
  output: Profile,
});

const userFields = {
  loginName: LoginName,
  name: Name,
  email: Email.nullable().default(null),
  comment: Comment.default(""),
  active: z.boolean().default(true),
  expiresAt: Moment.nullable().default(null),
  phone: Phone.nullable().default(null),
  timeZone: TimeZone.nullable().default(null),
  secondFactor: SecondFactorLevel.nullable().default(null),
  roles: z.array(RoleId).max(20).default(["user"]),
  groupIds: z.array(Id).max(100).default([]),
};

const filters = {
  active: z.stringbool().optional(),
  kind: z.enum(["person", "service"]).optional(),
  /** Whether the end has come. */
  expired: z.stringbool().optional(),
  /** The end comes within so many days. */
  expiringDays: z.coerce.number().int().min(1).max(3650).optional(),
  /** Neither signed in nor let a program act for that many days. */
  unusedDays: z.coerce.number().int().min(1).max(3650).optional(),
  /** 'password', 'none', or a backend's id. */
  source: plain(z.string().max(64)).optional(),
  hasSecondFactor: z.stringbool().optional(),
  groupId: Id.optional(),
  roleId: RoleId.optional(),
};

export const listUsers = endpoint({
  route: "GET /users",
  name: "user.list",
  title: "List the users of the organization",
  input: listInput(filters),
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
  input: z.object({
    ...userFields,
    password: NewPassword.optional(),
    mustChangePassword: z.boolean().default(false),
    /** Mails a link with which the person chooses the first password. */
    invite: z.boolean().default(false),
  }),
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
    expiresAt: Moment.nullable().optional(),
    phone: Phone.nullable().optional(),
    timeZone: TimeZone.nullable().optional(),
    mustChangePassword: z.boolean().optional(),
    secondFactor: SecondFactorLevel.nullable().optional(),
    roles: z.array(RoleId).max(20).optional(),
    groupIds: z.array(Id).max(1000).optional(),
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
  input: z.object({
    id: Id,
    password: NewPassword,
    /** Whether the user is asked for another one at the next sign-in. */
    mustChangePassword: z.boolean().default(false),
  }),
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

export const inviteUser = endpoint({
  route: "POST /users/:id/invitation",
  name: "user.invite",
  title: "Mail a link with which the user chooses a first password; an older one is void",
  input: z.object({ id: Id }),
  output: User,
});

export const revokeInvitation = endpoint({
  route: "DELETE /users/:id/invitation",
  name: "user.invite.revoke",
  title: "Make a mailed invitation void",
  input: z.object({ id: Id }),
  output: User,
});

const MailedToken = secret(z.string().min(1).max(200));

export const readInvitation = endpoint({
  route: "POST /sign-in/invitation",
  name: "sign-in.invitation",
  title: "Tell whom a mailed invitation is for",
  input: z.object({ token: MailedToken }),
  output: z.object({ loginName: KnownLoginName, name: Name, organization: Name.nullable() }),
});

export const acceptInvitation = endpoint({
  route: "POST /sign-in/invitation/accept",
  name: "sign-in.accept",
  title: "Choose the first password with a mailed invitation; the way in goes on from there",
  input: z.object({ token: MailedToken, password: NewPassword }),
  output: SignInStep,
});

const MOST_ROWS = 1000;
const BulkIds = z.array(Id).min(1, "Choose users.").max(MOST_ROWS, "At most 1,000 at once.");
const BulkFields = updateUser.input
  .pick({ comment: true, expiresAt: true, timeZone: true, mustChangePassword: true, secondFactor: true })
  .partial();

const BulkWork = z.discriminatedUnion("do", [
  z.object({ do: z.enum(["disable", "enable", "delete"]), ids: BulkIds }),
  z.object({ do: z.literal("update"), ids: BulkIds, fields: BulkFields }),
  z.object({
    do: z.literal("groups"),
    ids: BulkIds,
    add: z.array(Id).max(100).default([]),
    take: z.array(Id).max(100).default([]),
  }),
  z.object({
    do: z.literal("roles"),
    ids: BulkIds,
    add: z.array(RoleId).max(20).default([]),
    take: z.array(RoleId).max(20).default([]),
  }),
  /** Each like the input of user.create; checked one by one. */
  z.object({
    do: z.literal("create"),
    users: z
      .array(z.record(z.string().max(64), z.unknown()))
      .min(1)
      .max(MOST_ROWS),
  }),
]);

const BulkRow = z.object({
  id: Id.nullable(),
  subject: plain(z.string()),
  outcome: z.enum(["ok", "failed"]),
  message: plain(z.string()),
});
export type BulkRow = z.output<typeof BulkRow>;

export const bulkUsers = endpoint({
  route: "POST /users/bulk",
  name: "user.bulk",
  title: "Create, change, disable, enable or delete up to 1,000 users; each row needs what it needs alone",
  input: z.object({ work: BulkWork }),
  output: z.object({ done: z.number().int(), failed: z.number().int(), rows: z.array(BulkRow) }),
});
