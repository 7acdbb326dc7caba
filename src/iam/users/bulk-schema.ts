import { z } from "zod";
import { endpoint } from "../../core/endpoint.ts";
import { Id, plain } from "../../core/fields.ts";
import { RoleId } from "../roles/schema.ts";
import { updateUser } from "./schema.ts";

const MOST = 1000;
const ids = z.array(Id).min(1, "Choose users.").max(MOST, "At most 1,000 at once.");
const fields = updateUser.input
  .pick({ comment: true, expiresAt: true, timeZone: true, mustChangePassword: true, secondFactor: true })
  .partial();

const Work = z.discriminatedUnion("do", [
  z.object({ do: z.enum(["disable", "enable", "delete"]), ids }),
  z.object({ do: z.literal("update"), ids, fields }),
  z.object({
    do: z.literal("groups"),
    ids,
    add: z.array(Id).max(100).default([]),
    take: z.array(Id).max(100).default([]),
  }),
  z.object({
    do: z.literal("roles"),
    ids,
    add: z.array(RoleId).max(20).default([]),
    take: z.array(RoleId).max(20).default([]),
  }),
  /** Each like the input of user.create; checked one by one. */
  z.object({
    do: z.literal("create"),
    users: z
      .array(z.record(z.string().max(64), z.unknown()))
      .min(1)
      .max(MOST),
  }),
]);

const Row = z.object({
  id: Id.nullable(),
  subject: plain(z.string()),
  outcome: z.enum(["ok", "failed"]),
  message: plain(z.string()),
});
export type BulkRow = z.output<typeof Row>;

export const bulkUsers = endpoint({
  route: "POST /users/bulk",
  name: "user.bulk",
  title: "Create, change, disable, enable or delete up to 1,000 users; each row needs what it needs alone",
  input: z.object({ work: Work }),
  output: z.object({ done: z.number().int(), failed: z.number().int(), rows: z.array(Row) }),
});
