import { z } from "zod";
import { Done, endpoint } from "../../core/endpoint.ts";
import { LoginName, Id, Name, Named, plain, secret } from "../../core/fields.ts";

/** At least 12 characters; what else a password must be is checked where it is set. */
export const NewPassword = secret(z.string().min(12, "At least 12 characters.").max(256, "At most 256 characters."));
const TypedPassword = secret(z.string().min(1, "Type the password.").max(256));

export const Preferences = z.object({
  language: z.enum(["en", "zh"]).optional(),
  theme: z.enum(["light", "dark", "system"]).optional(),
  density: z.enum(["compact", "comfortable"]).optional(),
});

export const Me = z.object({
  id: Id,
  loginName: LoginName,
  name: Name,
  organization: Named,
  organizations: z.array(Named),
  permissions: z.array(plain(z.string())),
  preferences: Preferences,
});
export type Me = z.output<typeof Me>;

export const readSetup = endpoint({
  route: "GET /setup",
  name: "setup.read",
  title: "Tell whether the first administrator still has to be made",
  input: z.object({}),
  output: z.object({ needed: z.boolean() }),
});

export const completeSetup = endpoint({
  route: "POST /setup",
  name: "setup.complete",
  title: "Make the first administrator with the single-use set-up token",
  input: z.object({
    token: secret(z.string().min(1).max(200)),
    loginName: LoginName,
    name: Name,
    password: NewPassword,
  }),
  output: Me,
});

export const signIn = endpoint({
  route: "POST /sign-in",
  name: "sign-in",
  title: "Sign in with name and password",
  input: z.object({ loginName: LoginName, password: TypedPassword }),
  output: Me,
});

export const signOut = endpoint({
  route: "POST /sign-out",
  name: "sign-out",
  title: "End this console session",
  input: z.object({}),
  output: Done,
});

export const readMe = endpoint({
  route: "GET /me",
  name: "me.read",
  title: "Tell who is signed in, where, and with which permissions",
  input: z.object({}),
  output: Me,
});

export const setPreferences = endpoint({
  route: "PATCH /me/preferences",
  name: "me.preferences",
  title: "Change one's own language, theme and density",
  input: Preferences,
  output: Preferences,
});

export const changeMyPassword = endpoint({
  route: "PUT /me/password",
  name: "me.password",
  title: "Change one's own password",
  input: z.object({ current: TypedPassword, next: NewPassword }),
  output: Done,
});
