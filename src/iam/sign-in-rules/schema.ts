import { z } from "zod";
import { Done, endpoint, listInput, listOutput } from "../../core/endpoint.ts";
import { Comment, Id, Moment, Name, Named, plain, Version } from "../../core/fields.ts";
import { type Attributes, Network, Selector, selectorOver } from "../../core/selector.ts";
import { WeeklyTimes } from "../../core/weekly-times.ts";

export const SignInAction = z.enum(["reject", "accept", "review", "notify"]);
export type SignInAction = z.output<typeof SignInAction>;

/**
 * By what people can be selected. A source is a backend's id or `password`; groups, roles and organizations go by id and
 * are those of all organizations; a kind is `person` or `service`.
 */
export const SIGN_IN_ATTRIBUTES = {
  loginName: "text",
  name: "text",
  email: "text",
  kind: "text",
  source: "set",
  groups: "set",
  roles: "set",
  organizations: "set",
} as const satisfies Attributes;

const Text = plain(z.string());

const fields = {
  name: Name,
  comment: Comment,
  /** Words for the person whom the rule refuses. */
  notice: plain(z.string().trim().max(500, "At most 500 characters.")),
  active: z.boolean(),
  /** Smaller is asked first; equal ones by name. */
  priority: z.number().int().min(1, "From 1 to 100.").max(100, "From 1 to 100."),
  action: SignInAction,
  users: selectorOver(SIGN_IN_ATTRIBUTES),
  /** None: any address. */
  addresses: z.array(Network).max(200),
  /** Null: always. */
  times: WeeklyTimes.nullable(),
  reviewerIds: z.array(Id).max(50),
};

export const SignInRule = z.object({
  id: Id,
  name: Name,
  comment: Comment,
  notice: Text,
  active: z.boolean(),
  priority: z.number().int(),
  action: SignInAction,
  /** Null: this version cannot read whom it means. */
  users: Selector.nullable(),
  addresses: z.array(Text),
  times: fields.times,
  reviewers: z.array(Named.extend({ active: z.boolean() })),
  /** Why it does not do what it says: without reviewers it refuses; one that cannot be read refuses everybody; one that names what is gone may hit nobody. */
  problems: z.array(z.enum(["no-reviewers", "unreadable", "names-gone"])),
  version: Version,
  createdAt: Moment,
});
export type SignInRule = z.output<typeof SignInRule>;

export const listSignInRules = endpoint({
  route: "GET /sign-in-rules",
  name: "sign-in-rule.list",
  scope: "system",
  title: "List the sign-in rules in the order in which they are asked",
  input: listInput({}),
  output: listOutput(SignInRule),
});

export const readSignInRule = endpoint({
  route: "GET /sign-in-rules/:id",
  name: "sign-in-rule.read",
  scope: "system",
  title: "Read one sign-in rule",
  input: z.object({ id: Id }),
  output: SignInRule,
});

export const createSignInRule = endpoint({
  route: "POST /sign-in-rules",
  name: "sign-in-rule.create",
  scope: "system",
  title: "Create a sign-in rule; refused if it kept out whoever creates it",
  input: z.object({
    ...fields,
    comment: Comment.default(""),
    notice: fields.notice.default(""),
    active: z.boolean().default(true),
    priority: fields.priority.default(50),
    users: fields.users.default({ type: "all" }),
    addresses: fields.addresses.default([]),
    times: fields.times.default(null),
    reviewerIds: fields.reviewerIds.default([]),
  }),
  output: SignInRule,
});

export const updateSignInRule = endpoint({
  route: "PATCH /sign-in-rules/:id",
  name: "sign-in-rule.update",
  scope: "system",
  title: "Change a sign-in rule; refused if it kept out whoever changes it",
  input: z.object(fields).partial().extend({ id: Id, version: Version }),
  output: SignInRule,
});

export const deleteSignInRule = endpoint({
  route: "DELETE /sign-in-rules/:id",
  name: "sign-in-rule.delete",
  scope: "system",
  title: "Delete a sign-in rule; refused if the rules after it kept out whoever deletes it",
  input: z.object({ id: Id }),
  output: Done,
});

export const reorderSignInRules = endpoint({
  route: "PUT /sign-in-rule-order",
  name: "sign-in-rule.reorder",
  scope: "system",
  title: "Give sign-in rules other priorities, all of them or none",
  input: z.object({
    rules: z
      .array(z.object({ id: Id, version: Version, priority: fields.priority }))
      .min(1)
      .max(200),
  }),
  output: Done,
});

export const previewSignIn = endpoint({
  route: "GET /sign-in-rule-decision",
  name: "sign-in-rule.preview",
  scope: "system",
  title: "Tell which sign-in rule would decide for a user, from an address, at a time",
  input: z.object({
    userId: Id,
    address: plain(z.union([z.ipv4(), z.ipv6()])).optional(),
    at: Moment.optional(),
  }),
  output: z.object({
    allowed: z.boolean(),
    /** What the person would be told; null: nothing. */
    message: Text.nullable(),
    rules: z.array(
      Named.extend({
        priority: z.number().int(),
        action: SignInAction,
        standing: z.enum(["inactive", "users", "circumstances", "decides", "not-asked"]),
      }),
    ),
  }),
});
export type SignInPreview = z.output<typeof previewSignIn.output>;
