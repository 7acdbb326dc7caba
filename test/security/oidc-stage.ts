import { generateKeyPairSync } from "node:crypto";
import { Fault, newId } from "../../src/core/index.ts";
import { type Lie, startOidcProvider } from "../support/providers/oidc.ts";
import { openDoor } from "./door.ts";
import { ORIGIN, webWays } from "./web-ways.ts";

export type Json = Record<string, unknown>;
export const SECRET = "right-secret-of-the-gate";
export const people = {
  alice: {
    sub: "subject-of-alice",
    name: "Alice Example",
    preferred_username: "alice",
    email: "alice@example.org",
    groups: ["ops", "ops-night", "hr"],
    realm_access: { roles: ["deployers", "readers"] },
  },
  bob: { sub: "subject-of-bob", name: "Bob", preferred_username: "CORP\\bob", email: "alice@example.org" },
  carol: { sub: "subject-of-carol", name: "Carol", preferred_username: "carol" },
  root: { sub: "subject-of-root", name: "Not the root", preferred_username: "local-root", email: "root@example.org" },
};

/** Identity on a database, a real OpenID provider, and backends that know it: by header, form, key, and with a wrong secret. */
export async function openOidcStage() {
  const door = await openDoor({ max: 20 });
  const web = webWays(door);
  /** How the provider lies at the moment. */
  const lies: { now: Lie | null } = { now: null };
  const ids = { basic: newId(), post: newId(), key: newId(), wrong: newId() };
  const own = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const client = (name: keyof typeof ids, more: Json = {}) => ({
    client_id: name,
    client_secret: SECRET,
    redirect_uris: [`${ORIGIN}/sign-in/callback/${ids[name]}`],
    post_logout_redirect_uris: [`${ORIGIN}/`],
    ...more,
  });

  const jwks = { keys: [{ ...own.publicKey.export({ format: "jwk" }), kid: "ours", use: "sig" }] };
  const provider = await startOidcProvider({
    people,
    lie: (path, body) => lies.now?.(path, body) ?? body,
    clients: [
      client("basic"),
      client("post", { token_endpoint_auth_method: "client_secret_post" }),
      client("key", { token_endpoint_auth_method: "private_key_jwt", client_secret: undefined, jwks }),
      client("wrong"),
    ],
  });
  const settingsOf = (clientId: string, more: Json = {}): Json => ({
    issuer: provider.issuer,
    ca: provider.ca,
    clientId,
    ...more,
  });
  const backend = (name: keyof typeof ids, more: Json = {}, secrets: Json = { clientSecret: SECRET }) =>
    web.backend("oidc", settingsOf(name, more), { id: ids[name], secrets });
  await backend("basic", { scopes: "openid profile email groups" });
  await backend("post", { clientAuth: "post" });
  const clientKey = own.privateKey.export({ format: "pem", type: "pkcs8" }) as string;
  await backend("key", { clientAuth: "key", clientKeyId: "ours" }, { clientKey });
  await backend("wrong", {}, { clientSecret: "wrong-secret-of-the-gate" });

  return {
    door,
    web,
    provider,
    lies,
    ids,
    own,
    client,
    settingsOf,
    /** A sign-in from its beginning to its end. */
    async signIn(id: string, login: keyof typeof people) {
      const { location, attempt } = await web.begin(id);
      return web.finish(id, attempt, await web.at(location, { login }));
    },
    async close(): Promise<void> {
      await provider.close();
      await door.close();
    },
  };
}

/** The Fault with which the work was refused; fails when it was not. */
export const refusal = (work: Promise<unknown>): Promise<Fault> =>
  work.then(
    () => Promise.reject(new Error("let in")),
    (error: unknown) => (error instanceof Fault ? error : Promise.reject(error)),
  );
