import { z } from "zod";
import { endpoint, listInput, listOutput } from "../../core/endpoint.ts";
import { Comment, Name, plain } from "../../core/fields.ts";

export const RoleId = plain(z.string().regex(/^[a-z0-9-]{1,64}$/));

export const Role = z.object({
  id: RoleId,
  name: Name,
  description: Comment,
  builtIn: z.boolean(),
  scope: z.enum(["system", "organization"]),
  permissions: z.array(plain(z.string())),
});
export type Role = z.output<typeof Role>;

export const listRoles = endpoint({
  route: "GET /roles",
  name: "role.list",
  title: "List roles and the permissions they hold",
  input: listInput({ scope: z.enum(["system", "organization"]).optional() }),
  output: listOutput(Role),
});
