import { createPrivateKey, type KeyObject } from "node:crypto";
import * as client from "openid-client";
import { Fault } from "../../../core/index.ts";
import type { BackendCall } from "../backend.ts";
import { keptFor } from "./kept.ts";
import { askProvider, type Reach } from "./request.ts";

/** What it takes to speak to a provider as a client it knows. */
export interface OidcClient extends Reach {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly clientAuth: "basic" | "post" | "key";
  readonly clientKey: string;
  readonly clientKeyId: string;
}

type Call = Pick<BackendCall<OidcClient>, "settings" | "signal" | "say">;

/** Signatures that need the provider's private key. Never "none", never one made with what we hold as well. */
export const SIGNATURES = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
];
const CLOCK_TOLERANCE_S = 30;
/** Longer than any setting: what is awaited ends by that, in better words. */
const TIMEOUT_S = 12;

const discovered = keptFor<client.ServerMetadata>(5 * 60_000);

/** The provider as it describes itself, ready to be asked; every request is bounded and its TLS verified. */
export async function oidcConfiguration(call: Call): Promise<client.Configuration> {
  const { settings, signal } = call;
  const { issuer, clientId, ca } = settings;
  const ask = fetchWith({ settings, signal });
  const metadata = await discovered([issuer, clientId, ca], () => discover(call, ask));
  const auth = await authentication(settings);
  const configuration = new client.Configuration(
    metadata,
    clientId,
    { [client.clockTolerance]: CLOCK_TOLERANCE_S },
    auth,
  );
  configuration[client.customFetch] = ask;
  configuration.timeout = TIMEOUT_S;
  // Without this the library takes the id token of the token endpoint as it is, unchecked.
  client.enableNonRepudiationChecks(configuration);
  return configuration;
}

async function discover({ settings, say }: Call, ask: client.CustomFetch): Promise<client.ServerMetadata> {
  const { issuer, clientId } = settings;
  const found = await client.discovery(new URL(issuer), clientId, undefined, undefined, {
    [client.customFetch]: ask,
    timeout: TIMEOUT_S,
  });
  const { supportsPKCE: _, ...metadata } = found.serverMetadata();
  // The library lets some providers name another issuer than the one that was asked for.
  if (new URL(metadata.issuer).href !== new URL(issuer).href) {
    throw new Fault(
      "upstream",
      `${issuer} says that it is ${metadata.issuer}. Give that address if it is the right one.`,
    );
  }
  const offered = metadata.id_token_signing_alg_values_supported ?? ["RS256"];
  const usable = offered.filter((name) => SIGNATURES.includes(name));
  if (usable.length === 0) {
    throw new Fault("upstream", `${issuer} signs with ${offered.join(", ")} only. Switch on RS256 or ES256 there.`);
  }
  say(`${metadata.issuer} was found; it signs with ${usable.join(", ")}.`);
  return { ...metadata, id_token_signing_alg_values_supported: usable };
}

async function authentication(settings: OidcClient): Promise<client.ClientAuth> {
  if (settings.clientAuth === "basic") return client.ClientSecretBasic(settings.clientSecret);
  if (settings.clientAuth === "post") return client.ClientSecretPost(settings.clientSecret);
  const key = await signingKey(settings.clientKey);
  return client.PrivateKeyJwt(settings.clientKeyId ? { key, kid: settings.clientKeyId } : key);
}

async function signingKey(pem: string): Promise<client.CryptoKey> {
  try {
    const key = createPrivateKey(pem);
    return key.toCryptoKey(algorithmOf(key), false, ["sign"]);
  } catch {
    throw new Fault(
      "invalid",
      "The client's key cannot be used. Give an RSA or EC P-256 key as PEM, without password.",
    );
  }
}

function algorithmOf(key: KeyObject): { name: string; hash?: string; namedCurve?: string } {
  if (key.asymmetricKeyType === "rsa") return { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  if (key.asymmetricKeyType === "ec") return { name: "ECDSA", namedCurve: "P-256" };
  return { name: "Ed25519" };
}

const fetchWith =
  ({ settings, signal }: Pick<Call, "settings" | "signal">): client.CustomFetch =>
  async (url, { method, headers, body, signal: within }) => {
    const sent = body === undefined || body === null ? {} : { body: String(body as string | URLSearchParams) };
    const either = within ? AbortSignal.any([signal, within]) : signal;
    const answer = await askProvider({ url, method, headers, reach: settings, signal: either, ...sent });
    const empty = [101, 204, 205, 304].includes(answer.status);
    return new Response(empty ? null : answer.body, { status: answer.status, headers: answer.headers });
  };

/** Waits for the work; whatever goes wrong with the provider becomes a Fault. */
export const orFault = <T>(work: Promise<T>): Promise<T> =>
  work.catch((error: unknown) => Promise.reject(asFault(error)));

/** What went wrong with the provider's answer, as a person is told; secrets and tokens are in none of it. */
function asFault(error: unknown): Fault {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    if (at instanceof Fault) return at;
  }
  if (error instanceof client.AuthorizationResponseError) {
    return new Fault("unauthenticated", `The provider did not let you in (${word(error.error)}). Begin again.`);
  }
  if (error instanceof client.ResponseBodyError && error.error !== "invalid_grant") {
    return new Fault("upstream", `The provider refuses Sallyport (${word(error.error)}). Check client id and secret.`);
  }
  if (error instanceof client.WWWAuthenticateChallengeError) {
    const reason = word(error.cause[0]?.parameters.error ?? "") || `HTTP ${error.status}`;
    return new Fault("upstream", `The provider refuses Sallyport (${reason}). Check client id and secret.`);
  }
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
  if (code === "OAUTH_TIMEOUT" || code === "OAUTH_ABORT") {
    return new Fault(
      "timeout",
      "The provider did not answer in time. Check its address, and firewalls, or try again later.",
    );
  }
  return new Fault(
    "unauthenticated",
    `The provider's answer does not hold (${word(code) || "no reason"}). Begin again.`,
  );
}

const word = (text: string): string => /^[\w.-]{1,64}$/.exec(text)?.[0] ?? "";
