import { z } from "zod";
import { Done, endpoint, listInput, listOutput } from "../../core/endpoint.ts";
import { Id, KnownLoginName, Moment, Named, plain, secret } from "../../core/fields.ts";
import { NewPassword, SignInStep } from "../login/schema.ts";
import { User } from "../users/schema.ts";

/** A login name, or a mail address. */
const Who = plain(
  z
    .string()
    .trim()
    .min(1, "Give your login name or mail address.")
    .max(254, "At most 254 characters.")
    .regex(/^[^\p{Cc}\p{Cf}]+$/u, "No control characters."),
);

export const forgotPassword = endpoint({
  route: "POST /sign-in/forgot",
  name: "sign-in.forgot",
  title: "Have a link mailed with which a forgotten password is replaced; the answer is the same for everybody",
  input: z.object({ who: Who }),
  output: Done,
});

export const resetPassword = endpoint({
  route: "POST /sign-in/reset",
  name: "sign-in.reset",
  title: "Choose a new password with a mailed link; the way in goes on from there",
  input: z.object({ token: secret(z.string().min(1).max(200)), password: NewPassword }),
  output: SignInStep,
});

export const mailResetLink = endpoint({
  route: "POST /users/:id/reset-link",
  name: "user.reset-link",
  title: "Mail a user a link with which the password is replaced; an older link is void",
  input: z.object({ id: Id }),
  output: User,
});

/** Somebody, or everybody of an address, who has to wait before trying again. */
export const SignInBlock = z.object({
  id: Id,
  /** What waits: passwords or second factors of one name, all of an address, or something else that is guessed at. */
  kind: z.enum(["password", "second-factor", "address", "other"]),
  loginName: KnownLoginName.nullable(),
  user: Named.nullable(),
  /** Null: wherever the tries come from. */
  address: plain(z.string()).nullable(),
  failures: z.number().int(),
  lastFailureAt: Moment,
  until: Moment,
});
export type SignInBlock = z.output<typeof SignInBlock>;

export const listSignInBlocks = endpoint({
  route: "GET /sign-in-blocks",
  name: "sign-in-block.list",
  title: "List the members of the organization who have to wait after wrong passwords or second factors",
  input: listInput({}),
  output: listOutput(SignInBlock),
});

export const liftSignInBlock = endpoint({
  route: "DELETE /sign-in-blocks/:id",
  name: "sign-in-block.lift",
  title: "Let a member of the organization try again at once",
  input: z.object({ id: Id }),
  output: Done,
});

export const listSiteSignInBlocks = endpoint({
  route: "GET /site/sign-in-blocks",
  name: "site-sign-in-block.list",
  scope: "system",
  title: "List all names and addresses that have to wait after failed sign-ins",
  input: listInput({}),
  output: listOutput(SignInBlock),
});

export const liftSiteSignInBlock = endpoint({
  route: "DELETE /site/sign-in-blocks/:id",
  name: "site-sign-in-block.lift",
  scope: "system",
  title: "Let any name or address try again at once",
  input: z.object({ id: Id }),
  output: Done,
});
