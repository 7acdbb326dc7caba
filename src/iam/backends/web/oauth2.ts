import { createHash, randomBytes } from "node:crypto";
import { z } from "zod";
import { Fault, plain, secret } from "../../../core/index.ts";
import type { BackendCall, RedirectBackend } from "../backend.ts";
import { claimAt, claimSettings, type Claims, identityOf, textOf } from "./claims.ts";
import { equal } from "./equal.ts";
import { reachSettings, ProviderUrl } from "./fields.ts";
import { askProvider, type WebAnswer } from "./request.ts";

const Settings = z.object({
  authorizeUrl: ProviderUrl.describe("Where people sign in (authorization endpoint)"),
  tokenUrl: ProviderUrl.describe("Where the code is changed for a token (token endpoint)"),
  userInfoUrl: ProviderUrl.describe("Where the token is changed for the person's data"),
  clientId: plain(z.string().trim().min(1).max(256)).describe("Client id"),
  clientSecret: secret(z.string().min(1).max(4096)).describe("Client secret"),
  clientAuth: z
    .enum(["basic", "post"])
    .default("post")
    .describe("How Sallyport proves itself: secret in a header, or in the form"),
  scopes: plain(z.string().trim().max(1000)).default("").describe("Scopes, with spaces between"),
  subjectClaim: plain(z.string().trim().min(1).max(256)).describe(
    "Field that names the person for good, as id; never a name or an address, which can pass to somebody else",
  ),
  ...claimSettings,
  ...reachSettings,
});
type Settings = z.output<typeof Settings>;

const Memory = z.object({ state: z.string(), verifier: z.string() });
const Token = z.object({ access_token: z.string().min(1).max(20_000) });

const random = (): string => randomBytes(32).toString("base64url");

async function begin({ settings }: BackendCall<Settings>, { callback }: { readonly callback: string }) {
  const memory = { state: random(), verifier: random() };
  const location = new URL(settings.authorizeUrl);
  const parameters = {
    response_type: "code",
    client_id: settings.clientId,
    redirect_uri: callback,
    state: memory.state,
    code_challenge: createHash("sha256").update(memory.verifier).digest("base64url"),
    code_challenge_method: "S256",
    ...(settings.scopes && { scope: settings.scopes }),
  };
  for (const [name, value] of Object.entries(parameters)) location.searchParams.set(name, value);
  return { location: location.href, memory };
}

const finish: RedirectBackend<Settings>["finish"] = async (call, { callback, answer, memory }) => {
  const { settings, say } = call;
  const { state, verifier } = Memory.parse(memory);
  if (!equal(answer.state ?? "", state)) {
    throw new Fault("unauthenticated", "This answer does not belong to your sign-in. Begin again.");
  }
  if (!answer.code) throw new Fault("unauthenticated", "The provider did not let you in. Begin again.");
  const token = await tokenFor(call, { code: answer.code, callback, verifier });
  say("The code was changed for a token.");
  const person = await personOf(call, token);
  say(`The person's data hold ${Object.keys(person).join(", ")}.`);
  const subject = textOf(claimAt(person, settings.subjectClaim));
  return identityOf({ issuer: settings.userInfoUrl, subject }, person, settings);
};

async function tokenFor(
  { settings, signal }: BackendCall<Settings>,
  { code, callback, verifier }: { readonly code: string; readonly callback: string; readonly verifier: string },
): Promise<string> {
  const { tokenUrl, clientId, clientSecret, clientAuth } = settings;
  const form = new URLSearchParams({
    grant_type: "authorization_code",
    code,
    redirect_uri: callback,
    code_verifier: verifier,
    ...(clientAuth === "post" && { client_id: clientId, client_secret: clientSecret }),
  });
  const headers = {
    accept: "application/json",
    "content-type": "application/x-www-form-urlencoded",
    ...(clientAuth === "basic" && { authorization: basic(clientId, clientSecret) }),
  };
  const answer = await askProvider({
    url: tokenUrl,
    method: "POST",
    headers,
    body: form.toString(),
    reach: settings,
    signal,
  });
  const body = formOrJson(answer);
  const token = Token.safeParse(body);
  if (answer.status === 200 && token.success) return token.data.access_token;
  const reason = /^[\w.-]{1,64}$/.exec(textOf(body.error))?.[0] ?? `HTTP ${answer.status}`;
  if (reason === "invalid_grant")
    throw new Fault("unauthenticated", "The provider's code does not count (any more). Begin again.");
  throw new Fault("upstream", `The provider refuses Sallyport (${reason}). Check client id and secret.`);
}

/** RFC 6749, 2.3.1: both are form-encoded first. */
const basic = (id: string, password: string): string => {
  const [user, secretPart] = [id, password].map((text) => new URLSearchParams({ v: text }).toString().slice(2));
  return `Basic ${Buffer.from(`${user}:${secretPart}`).toString("base64")}`;
};

async function personOf({ settings, signal }: BackendCall<Settings>, token: string): Promise<Claims> {
  const headers = { accept: "application/json", authorization: `Bearer ${token}`, "user-agent": "Sallyport" };
  const answer = await askProvider({ url: settings.userInfoUrl, headers, reach: settings, signal });
  if (answer.status === 200) return jsonOf(answer);
  throw new Fault("upstream", `The provider does not tell who you are (HTTP ${answer.status}). Check the scopes.`);
}

function jsonOf({ body }: WebAnswer): Claims {
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) return parsed as Claims;
  } catch {}
  throw new Fault("upstream", "The provider answers with something that is no JSON object.");
}

/** Some providers answer the token as a form. */
const formOrJson = (answer: WebAnswer): Claims =>
  answer.headers["content-type"]?.startsWith("application/x-www-form-urlencoded")
    ? Object.fromEntries(new URLSearchParams(answer.body))
    : jsonOf(answer);

/** OAuth 2 with whatever the provider calls its fields; state and PKCE always. */
export const oauth2: RedirectBackend<Settings> = {
  kind: "oauth2",
  title: "OAuth 2",
  flow: "redirect",
  settings: Settings,
  secretsStayWith: ["tokenUrl", "userInfoUrl"],
  begin,
  finish,

  async check({ settings, signal, say }) {
    const { tokenUrl, userInfoUrl } = settings;
    for (const url of [tokenUrl, userInfoUrl]) {
      const { status } = await askProvider({ url, reach: settings, signal, headers: { accept: "application/json" } });
      say(`${new URL(url).host} answers ${status} without a token, and its certificate is right.`);
    }
  },
};
