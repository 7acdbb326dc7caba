import * as client from "openid-client";
import { z } from "zod";
import { Fault, plain, secret } from "../../../core/index.ts";
import type { BackendCall, RedirectBackend } from "../backend.ts";
import { claimSettings, type Claims, identityOf } from "./claims.ts";
import { reachSettings, ProviderUrl } from "./fields.ts";
import { oidcConfiguration, orFault, SIGNATURES } from "./oidc-client.ts";

const Settings = z
  .object({
    issuer: ProviderUrl.describe("Issuer: the address below which the provider has /.well-known/openid-configuration"),
    clientId: plain(z.string().trim().min(1).max(256)).describe("Client id"),
    clientAuth: z
      .enum(["basic", "post", "key"])
      .default("basic")
      .describe(
        "How Sallyport proves itself: secret in a header, secret in the form, or a signature (private_key_jwt)",
      ),
    clientSecret: secret(z.string().max(4096)).default("").describe("Client secret"),
    clientKey: secret(z.string().max(20_000)).default("").describe("Private key as PEM, for private_key_jwt"),
    clientKeyId: plain(z.string().trim().max(256)).default("").describe("Key id, if the provider wants one"),
    scopes: plain(z.string().trim().max(1000)).default("openid profile email").describe("Scopes, with spaces between"),
    readUserInfo: z.boolean().default(true).describe("Also ask the provider's user info for claims"),
    ...claimSettings,
    maxAgeMinutes: z
      .number()
      .int()
      .min(0)
      .max(10_000)
      .default(0)
      .describe("People must have signed in there within so many minutes; 0: does not matter"),
    signOutThere: z.boolean().default(true).describe("Signing out here also signs out at the provider"),
    ...reachSettings,
  })
  .refine(({ issuer }) => !issuer.includes("/.well-known/"), {
    path: ["issuer"],
    message: "Give the issuer alone, without /.well-known/…",
  })
  .refine(({ clientAuth, clientSecret }) => clientAuth === "key" || clientSecret !== "", {
    path: ["clientSecret"],
    message: "Give the client secret.",
  })
  .refine(({ clientAuth, clientKey }) => clientAuth !== "key" || clientKey !== "", {
    path: ["clientKey"],
    message: "Give the private key.",
  });
type Settings = z.output<typeof Settings>;

const Memory = z.object({ verifier: z.string(), state: z.string(), nonce: z.string() });
const SignOutMemory = z.object({ idToken: z.string().max(16_384) });
const MAX_TOKEN = 16_384;
/** What a provider may send back with the browser; nothing else reaches the library. */
const ANSWER = ["code", "state", "iss", "error", "error_description", "session_state"];

async function begin(call: BackendCall<Settings>, { callback }: { readonly callback: string }) {
  const { scopes, maxAgeMinutes } = call.settings;
  const configuration = await oidcConfiguration(call);
  const memory = {
    verifier: client.randomPKCECodeVerifier(),
    state: client.randomState(),
    nonce: client.randomNonce(),
  };
  const location = client.buildAuthorizationUrl(configuration, {
    redirect_uri: callback,
    scope: scopes.split(/\s+/).includes("openid") ? scopes : `openid ${scopes}`,
    code_challenge: await client.calculatePKCECodeChallenge(memory.verifier),
    code_challenge_method: "S256",
    state: memory.state,
    nonce: memory.nonce,
    ...(maxAgeMinutes > 0 && { max_age: String(maxAgeMinutes * 60) }),
  });
  return { location: location.href, memory };
}

const finish: RedirectBackend<Settings>["finish"] = async (call, { callback, answer, memory }) => {
  const { settings, say } = call;
  const { verifier, state, nonce } = Memory.parse(memory);
  const configuration = await oidcConfiguration(call);
  const came = new URL(callback);
  for (const name of ANSWER) if (Object.hasOwn(answer, name)) came.searchParams.set(name, answer[name] ?? "");
  const checks = {
    pkceCodeVerifier: verifier,
    expectedState: state,
    expectedNonce: nonce,
    idTokenExpected: true,
    ...(settings.maxAgeMinutes > 0 && { maxAge: settings.maxAgeMinutes * 60 }),
  };
  const tokens = await client.authorizationCodeGrant(configuration, came, checks);
  const told = tokens.claims();
  if (!told) throw new Fault("unauthenticated", "The provider sent no id token. Tell an administrator.");
  say(`The id token names ${Object.keys(told).join(", ")}.`);
  const more = settings.readUserInfo ? await userInfo(configuration, tokens.access_token, told.sub) : {};
  const idToken = tokens.id_token ?? "";
  const kept = settings.signOutThere && idToken.length <= MAX_TOKEN ? { idToken } : undefined;
  return identityOf({ issuer: told.iss, subject: told.sub, memory: kept }, { ...more, ...told }, settings);
};

async function userInfo(configuration: client.Configuration, token: string, subject: string): Promise<Claims> {
  if (!configuration.serverMetadata().userinfo_endpoint) return {};
  return client.fetchUserInfo(configuration, token, subject);
}

/** OpenID Connect, code flow with PKCE, state and nonce; none of them can be switched off. */
export const oidc: RedirectBackend<Settings> = {
  kind: "oidc",
  title: "OpenID Connect",
  flow: "redirect",
  settings: Settings,
  secretsStayWith: ["issuer"],
  begin: (call, at) => orFault(begin(call, at)),
  finish: (call, at) => orFault(finish(call, at)),

  async check(call) {
    const found = (await orFault(oidcConfiguration(call))).serverMetadata();
    for (const name of ["authorization_endpoint", "token_endpoint", "jwks_uri"] as const) {
      if (!found[name]) throw new Fault("upstream", `The provider does not say where its ${name} is.`);
    }
    const methods = found.code_challenge_methods_supported;
    call.say(
      methods?.includes("S256") ? "It knows PKCE with S256." : "It does not say that it knows PKCE; it is used anyway.",
    );
    call.say(found.end_session_endpoint ? "Signing out there is possible." : "Signing out there is not possible.");
    call.say(`Accepted signatures: ${SIGNATURES.join(", ")}.`);
  },

  async signOut(call, { memory, returnTo }) {
    const kept = SignOutMemory.safeParse(memory);
    if (!kept.success || !call.settings.signOutThere) return null;
    const configuration = await oidcConfiguration(call);
    if (!configuration.serverMetadata().end_session_endpoint) return null;
    const parameters = { id_token_hint: kept.data.idToken, post_logout_redirect_uri: returnTo };
    return client.buildEndSessionUrl(configuration, parameters).href;
  },
};
