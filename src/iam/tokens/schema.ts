import { z } from "zod";
import { Done, endpoint, listInput, listOutput } from "../../core/endpoint.ts";
import { Comment, Id, LoginName, Moment, Name, plain, secret, Version } from "../../core/fields.ts";
import { RoleId } from "../roles/schema.ts";

export const SignInSession = z.object({
  id: Id,
  address: plain(z.string()).nullable(),
  /** The client in words, as far as it says what it is. */
  agent: plain(z.string()),
  signedInAt: Moment,
  /** To the minute. */
  usedAt: Moment,
  /** When it ends at the latest; sooner when nobody uses it for `idleMinutes`. */
  expiresAt: Moment,
  idleMinutes: z.number().int(),
  /** What was proved, in order. */
  proofs: z.array(plain(z.string())),
  /** Whether the request came with it. */
  current: z.boolean(),
});
export type SignInSession = z.output<typeof SignInSession>;

export const listMySignInSessions = endpoint({
  route: "GET /me/sign-in-sessions",
  name: "me.sign-in-session.list",
  title: "List where one is signed in to the console",
  input: listInput({}),
  output: listOutput(SignInSession),
});

export const endMySignInSession = endpoint({
  route: "DELETE /me/sign-in-sessions/:id",
  name: "me.sign-in-session.end",
  title: "End a console session of one's own",
  input: z.object({ id: Id }),
  output: Done,
});

export const endAllMySignInSessions = endpoint({
  route: "POST /me/sign-out-everywhere",
  name: "me.sign-in-session.end-all",
  title: "Sign out everywhere: console, SSH, certificates and remembered proofs",
  input: z.object({ keepThis: z.boolean().default(true) }),
  output: Done,
});

export const listUserSignInSessions = endpoint({
  route: "GET /users/:id/sign-in-sessions",
  name: "user.sign-in-session.list",
  title: "List where a user is signed in to the console",
  input: listInput({ id: Id }),
  output: listOutput(SignInSession),
});

export const endUserSignInSession = endpoint({
  route: "DELETE /users/:id/sign-in-sessions/:sessionId",
  name: "user.sign-in-session.end",
  title: "End a user's console session",
  input: z.object({ id: Id, sessionId: Id }),
  output: Done,
});

export const endAllUserSignInSessions = endpoint({
  route: "POST /users/:id/sign-out-everywhere",
  name: "user.sign-in-session.end-all",
  title: "Sign a user out everywhere",
  input: z.object({ id: Id }),
  output: Done,
});

/** The name of an action; `*` and the like are not understood. */
const Scope = plain(z.string().regex(/^[a-z][a-z0-9.-]{0,63}$/, "Not the name of an action."));
const Scopes = z.array(Scope).min(1, "Choose what the key may do.").max(500);
/** A network in CIDR notation or one address. */
const Network = plain(
  z
    .string()
    .trim()
    .max(64)
    .regex(/^[0-9A-Fa-f:.]+(\/\d{1,3})?$/, "Not a network: write 10.0.0.0/8 or 2001:db8::/32."),
);
const Networks = z.array(Network).max(50, "At most 50 networks.");

export const ApiKey = z.object({
  id: Id,
  name: Name,
  /** What the key begins with; the rest is shown once. */
  prefix: plain(z.string()),
  scopes: z.array(plain(z.string())),
  /** Empty: from anywhere. */
  addresses: z.array(plain(z.string())),
  active: z.boolean(),
  createdAt: Moment,
  expiresAt: Moment,
  expired: z.boolean(),
  /** To the minute. */
  usedAt: Moment.nullable(),
  usedFrom: plain(z.string()).nullable(),
});
export type ApiKey = z.output<typeof ApiKey>;

/** `secret` is the whole key, as it goes behind "Authorization: Bearer"; it is not shown again. */
const NewApiKey = z.object({ key: ApiKey, secret: secret(z.string()) });

const keyFields = {
  name: Name,
  scopes: Scopes,
  addresses: Networks.default([]),
  /** Days from now; the site says how many at most. */
  days: z.number().int().min(1).max(1825).default(90),
};
const keyChanges = {
  name: Name.optional(),
  scopes: Scopes.optional(),
  addresses: Networks.optional(),
  active: z.boolean().optional(),
};

export const listMyApiKeys = endpoint({
  route: "GET /me/api-keys",
  name: "me.api-key.list",
  title: "List one's own API keys in this organization",
  input: listInput({}),
  output: listOutput(ApiKey),
});

export const listApiScopes = endpoint({
  route: "GET /me/api-scopes",
  name: "me.api-scope.list",
  title: "List the actions that an API key of one's own may be given",
  input: listInput({}),
  output: listOutput(z.object({ name: plain(z.string()), title: plain(z.string()) })),
});

export const createMyApiKey = endpoint({
  route: "POST /me/api-keys",
  name: "me.api-key.create",
  title: "Make an API key; its secret is shown once",
  input: z.object(keyFields),
  output: NewApiKey,
});

export const updateMyApiKey = endpoint({
  route: "PATCH /me/api-keys/:id",
  name: "me.api-key.update",
  title: "Change what one's own API key may do, or switch it on or off",
  input: z.object({ id: Id, ...keyChanges }),
  output: ApiKey,
});

export const deleteMyApiKey = endpoint({
  route: "DELETE /me/api-keys/:id",
  name: "me.api-key.delete",
  title: "Revoke one's own API key",
  input: z.object({ id: Id }),
  output: Done,
});

export const listUserApiKeys = endpoint({
  route: "GET /users/:id/api-keys",
  name: "user.api-key.list",
  title: "List a user's API keys in this organization",
  input: listInput({ id: Id }),
  output: listOutput(ApiKey),
});

export const deleteUserApiKey = endpoint({
  route: "DELETE /users/:id/api-keys/:keyId",
  name: "user.api-key.delete",
  title: "Revoke a user's API key",
  input: z.object({ id: Id, keyId: Id }),
  output: Done,
});

export const ServiceAccount = z.object({
  id: Id,
  loginName: LoginName,
  name: Name,
  comment: Comment,
  active: z.boolean(),
  roles: z.array(RoleId),
  keys: z.number().int(),
  version: Version,
  createdAt: Moment,
  /** To the minute. */
  usedAt: Moment.nullable(),
});
export type ServiceAccount = z.output<typeof ServiceAccount>;

export const listServiceAccounts = endpoint({
  route: "GET /service-accounts",
  name: "service-account.list",
  title: "List the service accounts of the organization",
  input: listInput({ active: z.stringbool().optional() }),
  output: listOutput(ServiceAccount),
});

export const readServiceAccount = endpoint({
  route: "GET /service-accounts/:id",
  name: "service-account.read",
  title: "Read one service account",
  input: z.object({ id: Id }),
  output: ServiceAccount,
});

export const createServiceAccount = endpoint({
  route: "POST /service-accounts",
  name: "service-account.create",
  title: "Create a service account: a program that calls with API keys only",
  input: z.object({
    loginName: LoginName,
    name: Name,
    comment: Comment.default(""),
    roles: z.array(RoleId).max(20).default([]),
  }),
  output: ServiceAccount,
});

export const updateServiceAccount = endpoint({
  route: "PATCH /service-accounts/:id",
  name: "service-account.update",
  title: "Change a service account, enable or disable it, give roles",
  input: z.object({
    id: Id,
    version: Version,
    name: Name.optional(),
    comment: Comment.optional(),
    active: z.boolean().optional(),
    roles: z.array(RoleId).max(20).optional(),
  }),
  output: ServiceAccount,
});

export const deleteServiceAccount = endpoint({
  route: "DELETE /service-accounts/:id",
  name: "service-account.delete",
  title: "Delete a service account with its API keys",
  input: z.object({ id: Id }),
  output: Done,
});

export const listServiceKeys = endpoint({
  route: "GET /service-accounts/:id/keys",
  name: "service-account.key.list",
  title: "List a service account's API keys",
  input: listInput({ id: Id }),
  output: listOutput(ApiKey),
});

export const createServiceKey = endpoint({
  route: "POST /service-accounts/:id/keys",
  name: "service-account.key.create",
  title: "Make an API key for a service account; its secret is shown once",
  input: z.object({ id: Id, ...keyFields }),
  output: NewApiKey,
});

export const updateServiceKey = endpoint({
  route: "PATCH /service-accounts/:id/keys/:keyId",
  name: "service-account.key.update",
  title: "Change what a service account's API key may do, or switch it on or off",
  input: z.object({ id: Id, keyId: Id, ...keyChanges }),
  output: ApiKey,
});

export const deleteServiceKey = endpoint({
  route: "DELETE /service-accounts/:id/keys/:keyId",
  name: "service-account.key.delete",
  title: "Revoke a service account's API key",
  input: z.object({ id: Id, keyId: Id }),
  output: Done,
});
