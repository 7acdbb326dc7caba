import { z } from "zod";
import { Done, endpoint, listInput, listOutput } from "../../core/endpoint.ts";
import { Id, Moment, Name, Named, plain, SecretText, Version } from "../../core/fields.ts";
import { RoleId } from "../roles/schema.ts";

const Text = plain(z.string());
const Kind = plain(z.string().regex(/^[a-z0-9-]{1,32}$/));
const FieldName = plain(z.string().max(64));
/** Holds no secret: the fields that may be shown, and nothing else. */
const Shown = plain(z.record(z.string(), z.unknown()));

export const SignInBackendKind = z.object({
  kind: Kind,
  title: Text,
  /** form: takes a name and a password on our own form. redirect: sends the browser away. */
  flow: z.enum(["form", "redirect"]),
  /** Whether its people can be listed and brought here before they sign in. */
  syncs: z.boolean(),
  /** JSON Schema (2020-12) of the settings; a secret field is `writeOnly`. */
  schema: Shown,
});
export type SignInBackendKind = z.output<typeof SignInBackendKind>;

export const SignInBackend = z.object({
  id: Id,
  kind: Kind,
  name: Name,
  flow: z.enum(["form", "redirect"]),
  syncs: z.boolean(),
  active: z.boolean(),
  /** Why nobody can sign in with it although it is active; null: nothing is known to stand in the way. */
  problem: Text.nullable(),
  position: z.number().int(),
  settings: Shown,
  /** For every secret field whether there is a value. */
  secrets: plain(z.record(z.string(), z.enum(["set", "unset"]))),
  /** Where its new users become members. */
  organization: Named.nullable(),
  createsUsers: z.boolean(),
  identities: z.number().int(),
  mappings: z.number().int(),
  version: Version,
  createdAt: Moment,
  updatedAt: Moment,
  syncedAt: Moment.nullable(),
});
export type SignInBackend = z.output<typeof SignInBackend>;

/** Only what is to change. A secret that is empty stays as it is. */
const Settings = z.record(z.string().max(64), z.json());

export const listSignInBackendKinds = endpoint({
  route: "GET /sign-in-backend-kinds",
  name: "sign-in-backend.kinds",
  scope: "system",
  title: "List the kinds of sign-in backends and the settings that each takes",
  input: listInput({}),
  output: listOutput(SignInBackendKind),
});

export const listSignInBackends = endpoint({
  route: "GET /sign-in-backends",
  name: "sign-in-backend.list",
  scope: "system",
  title: "List the configured sign-in backends in the order in which they are tried",
  input: listInput({}),
  output: listOutput(SignInBackend),
});

export const readSignInBackend = endpoint({
  route: "GET /sign-in-backends/:id",
  name: "sign-in-backend.read",
  scope: "system",
  title: "Read one sign-in backend; secrets are not shown",
  input: z.object({ id: Id }),
  output: SignInBackend,
});

export const createSignInBackend = endpoint({
  route: "POST /sign-in-backends",
  name: "sign-in-backend.create",
  scope: "system",
  title: "Configure a sign-in backend",
  input: z.object({
    kind: Kind,
    name: Name,
    active: z.boolean().default(false),
    settings: Settings.default({}),
    orgId: Id.nullable().default(null),
    createsUsers: z.boolean().default(false),
  }),
  output: SignInBackend,
});

export const updateSignInBackend = endpoint({
  route: "PATCH /sign-in-backends/:id",
  name: "sign-in-backend.update",
  scope: "system",
  title: "Change a sign-in backend",
  input: z.object({
    id: Id,
    version: Version,
    name: Name.optional(),
    active: z.boolean().optional(),
    settings: Settings.default({}),
    /** Settings that go back to their defaults. */
    reset: z.array(FieldName).max(200).default([]),
    orgId: Id.nullable().optional(),
    createsUsers: z.boolean().optional(),
  }),
  output: SignInBackend,
});

export const deleteSignInBackend = endpoint({
  route: "DELETE /sign-in-backends/:id",
  name: "sign-in-backend.delete",
  scope: "system",
  title: "Delete a sign-in backend; refused while users are linked to it, unless their links go along",
  input: z.object({ id: Id, withIdentities: z.boolean().default(false) }),
  output: Done,
});

export const orderSignInBackends = endpoint({
  route: "PUT /sign-in-backend-order",
  name: "sign-in-backend.reorder",
  scope: "system",
  title: "Put the sign-in backends in order: forms are tried and buttons shown in it",
  input: z.object({ ids: z.array(Id).min(1).max(100) }),
  output: Done,
});

export const checkSignInBackend = endpoint({
  route: "POST /sign-in-backends/:id/check",
  name: "sign-in-backend.check",
  scope: "system",
  title: "Try the stored settings, with a name and a password if they are given, and show what happened",
  input: z.object({
    id: Id,
    loginName: plain(z.string().trim().min(1).max(256)).optional(),
    password: SecretText.optional(),
  }),
  output: z.object({
    ok: z.boolean(),
    /** What happened, and what to do about it. */
    message: Text,
    /** Line by line; secrets are masked. */
    transcript: z.array(Text),
    /** Whom the backend vouches for, when a name and a password were right. */
    identity: z
      .object({
        issuer: Text,
        subject: Text,
        loginName: Text,
        name: Text,
        email: Text.nullable(),
        groups: z.array(Text),
        active: z.boolean(),
        /** The user here who is linked to it. */
        user: Named.nullable(),
      })
      .nullable(),
  }),
});

export const BackendMapping = z.object({
  id: Id,
  outsideGroup: Text,
  organization: Named,
  /** What it gives: a group, or a role of the organization. */
  group: Named.nullable(),
  role: z.object({ id: RoleId, name: Text }).nullable(),
});
export type BackendMapping = z.output<typeof BackendMapping>;

export const listBackendMappings = endpoint({
  route: "GET /sign-in-backends/:id/mappings",
  name: "sign-in-backend.mapping.list",
  scope: "system",
  title: "List what the groups of a sign-in backend give here",
  input: listInput({ id: Id }),
  output: listOutput(BackendMapping),
});

export const addBackendMapping = endpoint({
  route: "POST /sign-in-backends/:id/mappings",
  name: "sign-in-backend.mapping.add",
  scope: "system",
  title: "Let a group of a sign-in backend give a group or a role here, from the next sign-in or sync on",
  input: z.object({
    id: Id,
    outsideGroup: plain(z.string().trim().min(1, "Name the group.").max(1024, "At most 1,024 characters.")),
    orgId: Id,
    groupId: Id.nullable().default(null),
    roleId: RoleId.nullable().default(null),
  }),
  output: BackendMapping,
});

export const removeBackendMapping = endpoint({
  route: "DELETE /sign-in-backends/:id/mappings/:mappingId",
  name: "sign-in-backend.mapping.remove",
  scope: "system",
  title: "Remove a mapping, and take back what it gave",
  input: z.object({ id: Id, mappingId: Id }),
  output: Done,
});

export const syncSignInBackend = endpoint({
  route: "POST /sign-in-backends/:id/sync",
  name: "sign-in-backend.sync",
  scope: "system",
  title: "Bring the people of a directory here as a job; as a preview it only shows what would happen",
  input: z.object({ id: Id, preview: z.boolean().default(true) }),
  output: z.object({ jobId: Id }),
});
