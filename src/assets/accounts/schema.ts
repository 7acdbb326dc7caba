import { z } from "zod";
import { Done, endpoint, listInput, listOutput } from "../../core/endpoint.ts";
import { Comment, Id, Moment, Name, Named, plain, secret, Version } from "../../core/fields.ts";

export const SecretKind = z.enum(["password", "key"]);

const Username = plain(
  z
    .string()
    .trim()
    .min(1, "Give the user name on the target.")
    .max(128)
    .regex(/^[^\p{Cc}\p{Cf}]+$/u, "No control characters."),
);

export const NewSecret = z.object({
  kind: SecretKind,
  /** The password, or the private key in OpenSSH or PEM form. */
  value: secret(z.string().min(1, "Give the secret.").max(40_960)),
  /** Of an encrypted private key; removed from the key before it is stored. */
  passphrase: secret(z.string().max(512)).optional(),
});

export const Account = z.object({
  id: Id,
  asset: Named,
  name: Name,
  username: Username,
  secretKind: SecretKind,
  hasSecret: z.boolean(),
  secretChangedAt: Moment.nullable(),
  comment: Comment,
  active: z.boolean(),
  version: Version,
  createdAt: Moment,
});
export type Account = z.output<typeof Account>;

export const listAccounts = endpoint({
  route: "GET /accounts",
  name: "account.list",
  title: "List accounts, of one asset or all; secrets are never part of it",
  input: listInput({ assetId: Id.optional() }),
  output: listOutput(Account),
});

export const createAccount = endpoint({
  route: "POST /accounts",
  name: "account.create",
  title: "Create an account on an asset",
  input: z.object({
    assetId: Id,
    name: Name.optional(),
    username: Username,
    secret: NewSecret,
    comment: Comment.default(""),
    active: z.boolean().default(true),
  }),
  output: Account,
});

export const updateAccount = endpoint({
  route: "PATCH /accounts/:id",
  name: "account.update",
  title: "Change an account, enable or disable it, replace its secret",
  input: z.object({
    id: Id,
    version: Version,
    name: Name.optional(),
    comment: Comment.optional(),
    active: z.boolean().optional(),
    secret: NewSecret.optional(),
  }),
  output: Account,
});

export const deleteAccount = endpoint({
  route: "DELETE /accounts/:id",
  name: "account.delete",
  title: "Delete an account; live sessions with it end",
  input: z.object({ id: Id }),
  output: Done,
});
