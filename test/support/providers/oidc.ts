import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { generateKeyPairSync } from "node:crypto";
import { Provider } from "oidc-provider";
import { tlsServer } from "./tls.ts";

/** What the provider knows of a person. */
export interface Person {
  readonly sub: string;
  readonly [claim: string]: unknown;
}

export interface OidcClientData {
  readonly client_id: string;
  readonly redirect_uris: readonly string[];
  readonly [field: string]: unknown;
}

/** Changes the JSON that a provider answers at a path, to play one that lies. */
export type Lie = (path: string, body: Record<string, unknown>) => Record<string, unknown>;

/** oidc-provider behind TLS: its sign-in page asks for a name only. `lie` may change what it answers. */
export async function startOidcProvider(options: {
  readonly people: Readonly<Record<string, Person>>;
  readonly clients: readonly OidcClientData[];
  readonly lie?: Lie;
  readonly days?: number;
}) {
  const state = { handler: ((_request, response) => response.end()) as RequestListener };
  const server = await tlsServer((request, response) => {
    if (options.lie) lying(response, request.url?.split("?")[0] ?? "", options.lie);
    void state.handler(request, response);
  }, options.days);
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const ec = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  const jwk = { ...privateKey.export({ format: "jwk" }), use: "sig", alg: "RS256", kid: "signing" };
  const other = { ...ec.export({ format: "jwk" }), use: "sig", alg: "ES256", kid: "signing-ec" };
  const provider = new Provider(server.url, {
    clients: options.clients.map((client) => ({ ...client, redirect_uris: [...client.redirect_uris] })),
    jwks: { keys: [jwk, other] },
    cookies: { keys: ["a-key-of-a-test"] },
    claims: {
      openid: ["sub"],
      profile: ["name", "preferred_username"],
      email: ["email", "email_verified"],
      groups: ["groups", "realm_access"],
    },
    scopes: ["openid", "profile", "email", "groups", "offline_access"],
    pkce: { required: () => true },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_context: unknown, interaction: { uid: string }) => `/interaction/${interaction.uid}` },
    findAccount: (_context: unknown, id: string) => {
      const person = Object.values(options.people).find(({ sub }) => sub === id);
      return person && { accountId: id, claims: () => ({ ...person }) };
    },
    ttl: { AccessToken: 600, AuthorizationCode: 60, IdToken: 600, Interaction: 600, Session: 600, Grant: 600 },
  });
  const callback = provider.callback();
  state.handler = (request, response) => {
    const work = request.url?.startsWith("/interaction/")
      ? interact(provider, options.people, request, response)
      : callback(request, response);
    void Promise.resolve(work).catch((error: unknown) => {
      response.statusCode = 500;
      response.end(String(error));
    });
  };
  return { issuer: server.url, ca: server.ca, provider, signingKey: privateKey, close: server.close };
}

function lying(response: ServerResponse, path: string, lie: Lie): void {
  const end = response.end.bind(response) as (body?: string) => ServerResponse;
  response.end = ((body?: string | Buffer) => {
    if (!body || !String(response.getHeader("content-type")).includes("json")) return end(body as string);
    const told = JSON.stringify(lie(path, JSON.parse(String(body)) as Record<string, unknown>));
    response.setHeader("content-length", Buffer.byteLength(told));
    return end(told);
  }) as typeof response.end;
}

async function interact(
  provider: Provider,
  people: Readonly<Record<string, Person>>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const details = await provider.interactionDetails(request, response);
  if (request.method === "GET" && details.prompt.name === "login") {
    response.setHeader("content-type", "text/html");
    response.end('<form method="post"><input name="login" value=""><button>Sign in</button></form>');
    return;
  }
  const { prompt, params } = details;
  if (prompt.name === "login") {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const person = people[new URLSearchParams(Buffer.concat(chunks).toString()).get("login") ?? ""];
    const result = person ? { login: { accountId: person.sub } } : { error: "access_denied" };
    await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
    return;
  }
  const grant = new provider.Grant({
    accountId: details.session?.accountId ?? "",
    clientId: String(params.client_id),
  });
  grant.addOIDCScope(String(params.scope));
  await provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } });
}
