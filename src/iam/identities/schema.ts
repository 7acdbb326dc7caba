import { z } from "zod";
import { Done, endpoint, listInput, listOutput } from "../../core/endpoint.ts";
import { Id, Moment, Named, plain, secret } from "../../core/fields.ts";

const OutsideText = plain(
  z
    .string()
    .trim()
    .min(1)
    .max(1024)
    .regex(/^[^\p{Cc}]*$/u, "No control characters."),
);

/** Who a user is at a backend. */
export const Identity = z.object({
  id: Id,
  backend: Named,
  issuer: plain(z.string()),
  subject: plain(z.string()),
  /** As the backend last called them. */
  shownName: plain(z.string()),
  linkedAt: Moment,
  usedAt: Moment.nullable(),
});
export type Identity = z.output<typeof Identity>;

/** Somebody a backend will vouch for and who then is this user. */
export const AwaitedIdentity = z.object({
  id: Id,
  backend: Named,
  /** The subject at a provider, the login name in a directory or at a RADIUS server. */
  outsideName: plain(z.string()),
  createdAt: Moment,
  expiresAt: Moment,
});
export type AwaitedIdentity = z.output<typeof AwaitedIdentity>;

export const listMyIdentities = endpoint({
  route: "GET /me/identities",
  name: "me.identity.list",
  title: "List who one is at the backends one may sign in with",
  input: listInput({}),
  output: listOutput(Identity),
});

export const linkMyIdentity = endpoint({
  route: "POST /me/identities",
  name: "me.identity.link",
  title: "Begin to link a provider to oneself; answers where the browser goes to sign in there",
  input: z.object({ backendId: Id }),
  output: z.object({ location: secret(z.string().max(8192)) }),
});

export const unlinkMyIdentity = endpoint({
  route: "DELETE /me/identities/:id",
  name: "me.identity.unlink",
  title: "Remove a link to a provider from oneself, unless it is the last way in",
  input: z.object({ id: Id }),
  output: Done,
});

export const listUserIdentities = endpoint({
  route: "GET /users/:id/identities",
  name: "user.identity.list",
  title: "List who a user is at the backends",
  input: listInput({ id: Id }),
  output: listOutput(Identity),
});

export const linkUserIdentity = endpoint({
  route: "POST /users/:id/identities",
  name: "user.identity.link",
  scope: "system",
  title: "Link a user to a backend by issuer and subject",
  input: z.object({ id: Id, backendId: Id, issuer: OutsideText, subject: OutsideText }),
  output: Identity,
});

export const unlinkUserIdentity = endpoint({
  route: "DELETE /users/:id/identities/:identityId",
  name: "user.identity.unlink",
  title: "Remove a user's link to a backend; console sessions that came by it end",
  input: z.object({ id: Id, identityId: Id }),
  output: Done,
});

export const listAwaitedIdentities = endpoint({
  route: "GET /users/:id/awaited-identities",
  name: "user.identity.awaited",
  title: "List who will be linked to a user at their next sign-in",
  input: listInput({ id: Id }),
  output: listOutput(AwaitedIdentity),
});

export const awaitUserIdentity = endpoint({
  route: "POST /users/:id/awaited-identities",
  name: "user.identity.await",
  scope: "system",
  title:
    "Link whoever has this subject at a provider, or this login name in a directory, to the user at their next sign-in",
  input: z.object({
    id: Id,
    backendId: Id,
    outsideName: plain(z.string().trim().min(1).max(256)),
    days: z.number().int().min(1).max(30).default(7),
  }),
  output: AwaitedIdentity,
});

export const forgetAwaitedIdentity = endpoint({
  route: "DELETE /users/:id/awaited-identities/:identityId",
  name: "user.identity.forget",
  title: "Take back that somebody is linked to a user at their next sign-in",
  input: z.object({ id: Id, identityId: Id }),
  output: Done,
});
