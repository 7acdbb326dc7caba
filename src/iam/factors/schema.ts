import { z } from "zod";
import { Done, endpoint, listInput, listOutput } from "../../core/endpoint.ts";
import { Id, Moment, Name, plain, secret } from "../../core/fields.ts";
import { Answer, Kind, Shown } from "../login/schema.ts";

const Title = plain(z.string().max(100));

/** A second factor that somebody has. */
export const OwnFactor = z.object({
  kind: Kind,
  title: Title,
  id: Id,
  /** What the person calls it; "": there is only one of the kind. */
  name: plain(z.string().max(128)),
  createdAt: Moment,
  usedAt: Moment.nullable(),
});
export type OwnFactor = z.output<typeof OwnFactor>;

/** How many were made and how many are left; null: none were made. */
const RecoveryCodes = z.object({ made: z.number().int(), left: z.number().int(), few: z.boolean() }).nullable();

const FactorsOf = z.object({
  /** What is asked of the person: never, of who has one, always. */
  level: z.enum(["off", "on", "forced"]),
  factors: z.array(OwnFactor),
  recoveryCodes: RecoveryCodes,
});

export const listMyFactors = endpoint({
  route: "GET /me/factors",
  name: "me.factor.list",
  title: "Tell one's own second factors, and which can be set up",
  input: z.object({}),
  output: FactorsOf.extend({ open: z.array(z.object({ kind: Kind, title: Title })) }),
});

export const beginMyFactor = endpoint({
  route: "POST /me/factors/begin",
  name: "me.factor.begin",
  title: "Begin to set up a second factor of one's own",
  input: z.object({ kind: Kind }),
  output: z.object({ enrolmentId: Id, shown: Shown }),
});

export const finishMyFactor = endpoint({
  route: "POST /me/factors",
  name: "me.factor.add",
  title: "Show that one's new second factor works; with the first one recovery codes are told, once",
  input: z.object({ enrolmentId: Id, answer: Answer }),
  output: z.object({ once: Shown }),
});

export const removeMyFactor = endpoint({
  route: "DELETE /me/factors/:kind/:id",
  name: "me.factor.remove",
  title: "Remove a second factor of one's own",
  input: z.object({ kind: Kind, id: Id }),
  output: Done,
});

export const makeMyRecoveryCodes = endpoint({
  route: "POST /me/recovery-codes",
  name: "me.factor.recovery-codes",
  title: "Make new recovery codes; the old ones are void",
  input: z.object({}),
  output: z.object({ codes: z.array(secret(z.string())) }),
});

export const listUserFactors = endpoint({
  route: "GET /users/:id/factors",
  name: "user.factor.list",
  title: "Tell which second factors a user has, and when they were used",
  input: z.object({ id: Id }),
  output: FactorsOf,
});

export const resetUserFactors = endpoint({
  route: "POST /users/:id/factors/reset",
  name: "user.factor.reset",
  title: "Take all second factors and recovery codes away from a user; console sessions end",
  input: z.object({ id: Id }),
  output: z.object({ removed: z.number().int() }),
});

/** A passkey or security key, without anything that could be used. */
export const Passkey = z.object({
  id: Id,
  name: Name,
  /** The host name it was made under; it works nowhere else. */
  host: plain(z.string()),
  /** Whether it signs in without a password: it verifies its holder and names its user. */
  alone: z.boolean(),
  createdAt: Moment,
  usedAt: Moment.nullable(),
});
export type Passkey = z.output<typeof Passkey>;

export const listMyPasskeys = endpoint({
  route: "GET /me/passkeys",
  name: "me.passkey.list",
  title: "List one's own passkeys and security keys",
  input: listInput({}),
  output: listOutput(Passkey),
});

export const renameMyPasskey = endpoint({
  route: "PATCH /me/passkeys/:id",
  name: "me.passkey.rename",
  title: "Give one's own passkey another name",
  input: z.object({ id: Id, name: Name }),
  output: Passkey,
});
