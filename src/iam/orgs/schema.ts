import { z } from "zod";
import { Done, endpoint, listInput, listOutput } from "../../core/endpoint.ts";
import { Comment, Id, KnownLoginName, Moment, Name, Named, plain, Version } from "../../core/fields.ts";
import { RoleId } from "../roles/schema.ts";

export const Organization = z.object({
  id: Id,
  name: Name,
  comment: Comment,
  members: z.number().int(),
  assets: z.number().int(),
  version: Version,
  createdAt: Moment,
});
export type Organization = z.output<typeof Organization>;

export const listOrganizations = endpoint({
  route: "GET /organizations",
  name: "organization.list",
  title: "List all organizations",
  scope: "system",
  input: listInput({}),
  output: listOutput(Organization),
});

export const readOrganization = endpoint({
  route: "GET /organizations/:id",
  name: "organization.read",
  title: "Read one organization",
  scope: "system",
  input: z.object({ id: Id }),
  output: Organization,
});

export const createOrganizationEndpoint = endpoint({
  route: "POST /organizations",
  name: "organization.create",
  title: "Create an organization",
  scope: "system",
  input: z.object({ name: Name, comment: Comment.default("") }),
  output: Organization,
});

export const updateOrganization = endpoint({
  route: "PATCH /organizations/:id",
  name: "organization.update",
  title: "Rename an organization or change its comment",
  scope: "system",
  input: z.object({ id: Id, version: Version, name: Name.optional(), comment: Comment.optional() }),
  output: Organization,
});

export const deleteOrganization = endpoint({
  route: "DELETE /organizations/:id",
  name: "organization.delete",
  title: "Delete an organization that holds nothing any more",
  scope: "system",
  input: z.object({ id: Id }),
  output: Done,
});

export const Member = z.object({
  id: Id,
  loginName: KnownLoginName,
  name: Name,
  active: z.boolean(),
  roles: z.array(RoleId),
  since: Moment,
});
export type Member = z.output<typeof Member>;

export const listMembers = endpoint({
  route: "GET /organizations/:id/members",
  name: "membership.list",
  title: "List the members of any organization",
  scope: "system",
  input: listInput({ id: Id }),
  output: listOutput(Member),
});

export const addMember = endpoint({
  route: "POST /memberships",
  name: "membership.add",
  title: "Add a person of another organization, by the exact login name or mail address",
  input: z.object({
    person: plain(z.string().trim().min(1, "Give a login name or a mail address.").max(254)),
    roles: z.array(RoleId).max(20).default(["user"]),
  }),
  output: z.object({ user: Named }),
});

export const removeMember = endpoint({
  route: "DELETE /memberships/:id",
  name: "membership.remove",
  title: "Take a user out of the organization; what they do in it ends",
  input: z.object({ id: Id }),
  output: Done,
});

export const listMyOrganizations = endpoint({
  route: "GET /me/organizations",
  name: "me.organization.list",
  title: "List the organizations one may enter",
  input: listInput({}),
  output: listOutput(Named),
});

export const switchOrganization = endpoint({
  route: "POST /me/organization",
  name: "me.organization.switch",
  title: "Go on in another organization",
  input: z.object({ id: Id }),
  output: Done,
});
