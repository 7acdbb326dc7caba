import { z } from "zod";
import { Done, endpoint, listInput, listOutput } from "../../core/endpoint.ts";
import { Comment, Id, Moment, Name, Version } from "../../core/fields.ts";

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
