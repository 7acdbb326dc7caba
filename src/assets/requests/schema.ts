import { z } from "zod";
import { Done, endpoint, listInput, listOutput } from "../../core/endpoint.ts";
import { Comment, Host, Id, Moment, Name, Named, plain, Version } from "../../core/fields.ts";

/** What may be asked for. Forwarding ports needs destinations, which a rule names. */
export const REQUEST_ACTIONS = ["connect", "upload", "download", "copy", "paste", "delete", "share"] as const;
const RequestAction = z.enum(REQUEST_ACTIONS);

const Minutes = z.number().int().min(5, "At least 5 minutes.").max(525_600);
const AccountName = plain(z.string().trim().min(1).max(128));
const Reason = plain(z.string().trim().min(3, "Say why.").max(2000, "At most 2,000 characters."));

const accounts = z.array(AccountName).min(1, "Name an account.").max(20);
const actions = z.array(RequestAction).min(1, "Name an action.").max(REQUEST_ACTIONS.length);

/** What a request for access asks for; also what a reviewer gives. Names are as they were when it was asked. */
export const AccessBody = z.object({
  /** The request rule that decided who reviews. */
  rule: Named,
  assets: z.array(Named).max(50),
  nodes: z.array(Named).max(20),
  accounts,
  actions,
  /** Null: from the approval on. */
  startsAt: Moment.nullable(),
  minutes: Minutes,
});
export type AccessBody = z.output<typeof AccessBody>;

export const RequestRule = z.object({
  id: Id,
  name: Name,
  comment: Comment,
  /** The lowest comes first. */
  priority: z.number().int(),
  active: z.boolean(),
  forEverybody: z.boolean(),
  askerUsers: z.array(Named),
  askerGroups: z.array(Named),
  coversEverything: z.boolean(),
  assets: z.array(Named),
  nodes: z.array(Named),
  reviewerUsers: z.array(Named),
  reviewerGroups: z.array(Named),
  /** Opens at once and is reviewed afterwards; only for groups that the rule names. */
  breakGlass: z.boolean(),
  longestMinutes: z.number().int(),
  /** Why nobody can ask by it; empty when somebody can. */
  ineffective: z.array(z.enum(["inactive", "no-askers", "no-assets", "no-reviewers"])),
  version: Version,
  createdAt: Moment,
});
export type RequestRule = z.output<typeof RequestRule>;

const ids = z.array(Id).max(1000);
const ruleFields = {
  name: Name,
  comment: Comment,
  priority: z.number().int().min(1).max(1000),
  active: z.boolean(),
  forEverybody: z.boolean(),
  askerUserIds: ids,
  askerGroupIds: ids,
  coversEverything: z.boolean(),
  assetIds: ids,
  nodeIds: ids,
  reviewerUserIds: ids,
  reviewerGroupIds: ids,
  breakGlass: z.boolean(),
  longestMinutes: Minutes,
};

export const listRequestRules = endpoint({
  route: "GET /request-rules",
  name: "request-rule.list",
  title: "List the rules of who may ask for access and who decides, in their order",
  input: listInput({}),
  output: listOutput(RequestRule),
});

export const readRequestRule = endpoint({
  route: "GET /request-rules/:id",
  name: "request-rule.read",
  title: "Read one request rule",
  input: z.object({ id: Id }),
  output: RequestRule,
});

export const createRequestRule = endpoint({
  route: "POST /request-rules",
  name: "request-rule.create",
  title: "Create a request rule: who may ask for access to what, for how long, and who decides",
  input: z.object({
    ...ruleFields,
    comment: Comment.default(""),
    priority: ruleFields.priority.default(100),
    active: z.boolean().default(true),
    forEverybody: z.boolean().default(false),
    askerUserIds: ids.default([]),
    askerGroupIds: ids.default([]),
    coversEverything: z.boolean().default(false),
    assetIds: ids.default([]),
    nodeIds: ids.default([]),
    reviewerUserIds: ids.default([]),
    reviewerGroupIds: ids.default([]),
    breakGlass: z.boolean().default(false),
    longestMinutes: Minutes.default(480),
  }),
  output: RequestRule,
});

export const updateRequestRule = endpoint({
  route: "PATCH /request-rules/:id",
  name: "request-rule.update",
  title:
    "Change a request rule; requests that wait keep their reviewers, and are approved only while it still covers them",
  input: z.object(ruleFields).partial().extend({ id: Id, version: Version }),
  output: RequestRule,
});

export const deleteRequestRule = endpoint({
  route: "DELETE /request-rules/:id",
  name: "request-rule.delete",
  title: "Delete a request rule; requests that wait by it cannot be approved any more",
  input: z.object({ id: Id }),
  output: Done,
});

export const readRequestOptions = endpoint({
  route: "GET /me/request-options",
  name: "me.request-options",
  title: "Read whether one may ask for access or break glass here, and within which limits",
  input: z.object({}),
  output: z.object({
    mayAsk: z.boolean(),
    mayBreakGlass: z.boolean(),
    /** Assets are found by a part of their name, or only by the whole name. */
    namesAreShown: z.boolean(),
    longestMinutes: z.number().int(),
    breakGlassMinutes: z.number().int(),
    /** Reviews of one's own broken glass that nobody has decided; while one is overdue, no glass is broken. */
    owed: z.number().int(),
    overdue: z.boolean(),
  }),
});

export const listRequestable = endpoint({
  route: "GET /me/requestable",
  name: "me.requestable.list",
  title: "Find assets or nodes that one may ask for access to, as far as the organization shows names",
  input: listInput({ what: z.enum(["asset", "node"]).default("asset"), breakGlass: z.stringbool().default(false) }),
  output: listOutput(z.object({ id: Id, name: Name, host: Host.nullable() })),
});

const targets = { assetIds: z.array(Id).max(50).default([]), accounts, actions: actions.default(["connect"]) };

export const requestAccess = endpoint({
  route: "POST /me/access-requests",
  name: "me.access-request.create",
  title: "Ask for access to assets or nodes for some time",
  input: z.object({
    ...targets,
    nodeIds: z.array(Id).max(20).default([]),
    /** Left out: from the approval on. */
    startsAt: Moment.nullable().default(null),
    minutes: Minutes,
    reason: Reason,
  }),
  output: z.object({ id: Id, reviewers: z.array(Named) }),
});

export const breakGlass = endpoint({
  route: "POST /me/break-glass",
  name: "me.break-glass",
  title: "Open access at once in an emergency; everyone concerned is told, and a review is owed",
  input: z.object({ ...targets, nodeIds: z.array(Id).max(20).default([]), minutes: Minutes, reason: Reason }),
  output: z.object({ id: Id, expiresAt: Moment, reviewers: z.array(Named) }),
});
