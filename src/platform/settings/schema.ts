import { z } from "zod";
import { endpoint, listInput, listOutput } from "../../core/endpoint.ts";
import { Moment, plain } from "../../core/fields.ts";

const GroupKey = plain(z.string().max(64));
const FieldName = plain(z.string().max(64));
/** Holds no secret: the fields that may be shown, and nothing else. */
const Shown = plain(z.record(z.string(), z.unknown()));

export const SettingsGroupInfo = z.object({
  key: GroupKey,
  title: plain(z.string()),
  scope: z.enum(["site", "organization"]),
  /** JSON Schema (2020-12) of the values; a secret field is `writeOnly`. */
  schema: Shown,
});
export type SettingsGroupInfo = z.output<typeof SettingsGroupInfo>;

export const SettingsValues = z.object({
  key: GroupKey,
  /** 0: nothing was ever set here. */
  version: z.number().int(),
  updatedAt: Moment.nullable(),
  /** What holds now. */
  values: Shown,
  /** What would hold if nothing were set here. */
  inherited: Shown,
  /** The fields that are set here. */
  own: z.array(FieldName),
  /** For every secret field whether there is a value. */
  secrets: plain(z.record(z.string(), z.enum(["own", "inherited", "unset"]))),
});
export type SettingsValues = z.output<typeof SettingsValues>;

const input = {
  list: listInput({}),
  read: z.object({ key: GroupKey }),
  update: z.object({
    key: GroupKey,
    /** As it was read; 0 if nothing was set. */
    version: z.number().int().min(0),
    /** Only what is to change. A secret that is empty stays as it is. */
    values: z.record(z.string().max(64), z.json()).default({}),
    /** Fields that go back to what is inherited. */
    reset: z.array(FieldName).max(200).default([]),
  }),
};

export const listSettings = endpoint({
  route: "GET /settings",
  name: "settings.list",
  scope: "system",
  title: "List the groups of settings of the installation",
  input: input.list,
  output: listOutput(SettingsGroupInfo),
});

export const readSettings = endpoint({
  route: "GET /settings/:key",
  name: "settings.read",
  scope: "system",
  title: "Read a group of the installation's settings; secrets are not shown",
  input: input.read,
  output: SettingsValues,
});

export const updateSettings = endpoint({
  route: "PATCH /settings/:key",
  name: "settings.update",
  scope: "system",
  title: "Change the installation's settings",
  input: input.update,
  output: SettingsValues,
});

export const listOrganizationSettings = endpoint({
  route: "GET /organization-settings",
  name: "organization-settings.list",
  title: "List the groups of settings that an organization may set for itself",
  input: input.list,
  output: listOutput(SettingsGroupInfo),
});

export const readOrganizationSettings = endpoint({
  route: "GET /organization-settings/:key",
  name: "organization-settings.read",
  title: "Read a group of the organization's settings; secrets are not shown",
  input: input.read,
  output: SettingsValues,
});

export const updateOrganizationSettings = endpoint({
  route: "PATCH /organization-settings/:key",
  name: "organization-settings.update",
  title: "Change the organization's settings",
  input: input.update,
  output: SettingsValues,
});
