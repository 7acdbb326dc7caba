import { z } from "zod";
import { Done, endpoint } from "../../core/endpoint.ts";
import { Id, KnownLoginName, LoginName, Name, Named, plain, secret } from "../../core/fields.ts";

/** What a password must be depends on the settings and on whose it is: it is checked where it is set. */
export const NewPassword = secret(z.string().min(1, "Choose a password.").max(256, "At most 256 characters."));
const TypedPassword = secret(z.string().min(1, "Type the password.").max(256));

export const Preferences = z.object({
  language: z.enum(["en", "zh"]).optional(),
  theme: z.enum(["light", "dark", "system"]).optional(),
  density: z.enum(["compact", "comfortable"]).optional(),
});

export const Me = z.object({
  id: Id,
  loginName: KnownLoginName,
  name: Name,
  organization: Named,
  organizations: z.array(Named),
  permissions: z.array(plain(z.string())),
  preferences: Preferences,
  /** In which exact times are shown; null: the device's own. */
  timeZone: plain(z.string().max(64)).nullable(),
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

/** Where to go in the console afterwards: a path of our own, never another site. */
const ReturnTo = plain(
  z
    .string()
    .max(512)
    .regex(/^\/([^/\\\p{Cc}][^\\\p{Cc}]*)?$/u, "Only a path of the console."),
).nullable();
/** A kind of second factor or backend. */
export const Kind = plain(z.string().regex(/^[a-z0-9-]{1,32}$/));
/** What a person, an authenticator or a provider answers. */
export const Answer = secret(z.string().min(1, "Type the answer.").max(16_384));
/** What the client needs to ask the person; its shape belongs to the kind. */
export const Shown = secret(z.record(z.string(), z.unknown()));

const Offered = z.array(z.object({ kind: Kind, title: plain(z.string()) }));

/** Where somebody stands on the way in. */
export const SignInStep = z.discriminatedUnion("step", [
  z.object({ step: z.literal("first") }),
  z.object({ step: z.literal("second-factor"), factors: Offered }),
  z.object({ step: z.literal("enrol"), factors: Offered }),
  z.object({ step: z.literal("new-password"), because: z.enum(["asked", "expired", "weak"]) }),
  z.object({ step: z.literal("done"), me: Me, returnTo: ReturnTo }),
]);
export type SignInStep = z.output<typeof SignInStep>;

export const listSignInWays = endpoint({
  route: "GET /sign-in/ways",
  name: "sign-in.ways",
  title: "Tell which ways to sign in are offered beside the local password",
  input: z.object({}),
  output: z.object({
    ways: z.array(z.object({ id: Id, kind: Kind, name: Name, flow: z.enum(["form", "redirect"]) })),
    /** Whether a passkey alone signs in. */
    passkeys: z.boolean(),
  }),
});

export const signIn = endpoint({
  route: "POST /sign-in",
  name: "sign-in",
  title: "Sign in with name and password; answers what is asked next, or who one is",
  input: z.object({ loginName: KnownLoginName, password: TypedPassword, returnTo: ReturnTo.optional() }),
  output: SignInStep,
});

export const readSignInStep = endpoint({
  route: "GET /sign-in/step",
  name: "sign-in.step",
  title: "Tell where the sign-in that has begun stands",
  input: z.object({}),
  output: SignInStep,
});

export const cancelSignIn = endpoint({
  route: "POST /sign-in/cancel",
  name: "sign-in.cancel",
  title: "Give up the sign-in that has begun",
  input: z.object({}),
  output: Done,
});

export const beginFactor = endpoint({
  route: "POST /sign-in/factor/begin",
  name: "sign-in.factor-begin",
  title: "Ask for a second factor of one kind",
  input: z.object({ kind: Kind }),
  output: z.object({ shown: Shown }),
});

export const answerFactor = endpoint({
  route: "POST /sign-in/factor",
  name: "sign-in.factor",
  title: "Give the second factor",
  input: z.object({ kind: Kind, answer: Answer }),
  output: SignInStep,
});

export const beginFactorEnrolment = endpoint({
  route: "POST /sign-in/enrol/begin",
  name: "sign-in.enrol-begin",
  title: "Begin to set up the second factor that the sign-in asks for",
  input: z.object({ kind: Kind }),
  output: z.object({ shown: Shown }),
});

export const finishFactorEnrolment = endpoint({
  route: "POST /sign-in/enrol",
  name: "sign-in.enrol",
  title: "Show that the second factor works",
  input: z.object({ kind: Kind, answer: Answer }),
  output: z.object({ once: Shown, next: SignInStep }),
});

export const giveNewPassword = endpoint({
  route: "POST /sign-in/new-password",
  name: "sign-in.new-password",
  title: "Choose the new password that the sign-in asks for",
  input: z.object({ password: NewPassword }),
  output: SignInStep,
});

export const beginRedirect = endpoint({
  route: "POST /sign-in/redirect",
  name: "sign-in.redirect",
  title: "Begin to sign in at a provider",
  input: z.object({ backendId: Id, returnTo: ReturnTo.optional() }),
  output: z.object({ location: secret(z.string().max(8192)) }),
});

export const finishRedirect = endpoint({
  route: "POST /sign-in/callback",
  name: "sign-in.callback",
  title: "Hand on what the provider sent back with the browser",
  input: z.object({ backendId: Id, answer: secret(z.record(z.string().max(64), z.string().max(200_000))) }),
  output: SignInStep,
});

export const beginPasskeySignIn = endpoint({
  route: "POST /sign-in/passkey/begin",
  name: "sign-in.passkey-begin",
  title: "Begin to sign in with a passkey alone",
  input: z.object({ returnTo: ReturnTo.optional() }),
  output: z.object({ shown: Shown }),
});

export const finishPasskeySignIn = endpoint({
  route: "POST /sign-in/passkey",
  name: "sign-in.passkey",
  title: "Sign in with a passkey alone",
  input: z.object({ answer: Answer }),
  output: SignInStep,
});

export const postAnswer = endpoint({
  route: "POST /sign-in/posted",
  name: "sign-in.posted",
  title: "Take an answer that a provider lets the browser post; answers the handle by which its sign-in finds it",
  input: z.object({
    backendId: Id,
    relay: secret(z.string().min(1).max(200)),
    answer: secret(z.string().min(1).max(200_000)),
  }),
  output: z.object({ handle: secret(z.string()) }),
});

export const readProviderMetadata = endpoint({
  route: "GET /sign-in/metadata/:backendId",
  name: "sign-in.metadata",
  title: "Read what a provider must know of this installation, as XML",
  input: z.object({ backendId: Id }),
  output: Done,
});

export const signOut = endpoint({
  route: "POST /sign-out",
  name: "sign-out",
  title: "End this console session; tells where the browser goes to sign out at the provider as well",
  input: z.object({}),
  output: z.object({ goTo: secret(z.string().max(65_536)).nullable() }),
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

export const listConfirmWays = endpoint({
  route: "GET /me/confirm",
  name: "me.confirm.ways",
  title: "Tell how one can prove anew that it is oneself; only the strongest that one has",
  input: z.object({}),
  output: z.object({
    /** What is reached by it; an action that asks for more cannot be confirmed. */
    level: z.enum(["sign-in", "password", "second-factor"]),
    ways: Offered,
    /** Where one can sign in again, when that is all one has. */
    providers: z.array(Named),
  }),
});

export const beginConfirm = endpoint({
  route: "POST /me/confirm/begin",
  name: "me.confirm.begin",
  title: "Begin to prove anew that it is oneself",
  input: z.object({ kind: Kind }),
  output: z.object({ shown: Shown }),
});

export const confirm = endpoint({
  route: "POST /me/confirm",
  name: "me.confirm",
  title: "Prove anew that it is oneself",
  input: z.object({ kind: Kind, answer: Answer }),
  output: Done,
});
