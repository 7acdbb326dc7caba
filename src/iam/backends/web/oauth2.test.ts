import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Door, openDoor } from "../../../../test/security/door.ts";
import { ORIGIN, webWays } from "../../../../test/security/web-ways.ts";
import { type Lie, startOidcProvider } from "../../../../test/support/providers/oidc.ts";
import { silentServer } from "../../../../test/support/providers/tls.ts";
import { Fault, newId } from "../../../core/index.ts";
import { backends } from "../index.ts";

type Json = Record<string, unknown>;
const SECRET = "right-secret-of-the-gate";
const people = {
  alice: { sub: "17", name: "Alice Example", preferred_username: "alice", email: "alice@example.org", groups: ["ops"] },
};
const ids = { post: newId(), basic: newId(), wrong: newId() };
const lies: { now: Lie | null } = { now: null };
let door: Door;
let web: ReturnType<typeof webWays>;
let provider: Awaited<ReturnType<typeof startOidcProvider>>;

const client = (name: keyof typeof ids, token_endpoint_auth_method: string) => ({
  client_id: name,
  client_secret: SECRET,
  token_endpoint_auth_method,
  redirect_uris: [`${ORIGIN}/sign-in/callback/${ids[name]}`],
});

const settingsOf = (clientId: string, more: Json = {}): Json => ({
  authorizeUrl: `${provider.issuer}/auth`,
  tokenUrl: `${provider.issuer}/token`,
  userInfoUrl: `${provider.issuer}/me`,
  ca: provider.ca,
  clientId,
  scopes: "openid profile email groups",
  subjectClaim: "sub",
  ...more,
});

beforeAll(async () => {
  door = await openDoor({ max: 20 });
  web = webWays(door);
  provider = await startOidcProvider({
    people,
    lie: (path, body) => lies.now?.(path, body) ?? body,
    clients: [
      client("post", "client_secret_post"),
      client("basic", "client_secret_basic"),
      client("wrong", "client_secret_post"),
    ],
  });
  const made = (name: keyof typeof ids, more: Json, clientSecret = SECRET) =>
    web.backend("oauth2", settingsOf(name, more), { id: ids[name], secrets: { clientSecret } });
  await made("post", {});
  await made("basic", { clientAuth: "basic" });
  await made("wrong", {}, "wrong-secret-of-the-gate");
});
afterEach(() => void (lies.now = null));
afterAll(async () => {
  await provider?.close();
  await door?.close();
});

async function signIn(id: string) {
  const { location, attempt } = await web.begin(id);
  return web.finish(id, attempt, await web.at(location, { login: "alice" }));
}

const refusal = (work: Promise<unknown>): Promise<Fault> =>
  work.then(
    () => Promise.reject(new Error("let in")),
    (error: unknown) => (error instanceof Fault ? error : Promise.reject(error)),
  );

/** The person's data at the provider, as it tells them at the moment. */
const telling = (change: (body: Json) => Json): void => {
  lies.now = (path, body) => (path === "/me" ? change(body) : body);
};

describe("signing in by OAuth 2", () => {
  test("works with the secret in the form and in a header, and binds by the field that lasts", async () => {
    for (const id of [ids.post, ids.basic]) {
      await door.db.deleteFrom("users").where("login_name", "=", "alice").execute();
      expect((await signIn(id)).step).toMatchObject({
        step: "done",
        me: { loginName: "alice", name: "Alice Example" },
      });
    }
    const rows = await door.db.selectFrom("identity").select(["issuer", "subject"]).execute();
    expect(rows).toEqual([{ issuer: `${provider.issuer}/me`, subject: "17" }]);
  });

  test("sends state and PKCE always: there is no field for it", async () => {
    const { location } = await web.begin(ids.post);
    const asked = new URL(location).searchParams;
    expect(asked.get("state")).toMatch(/^[\w-]{43}$/);
    expect(asked.get("code_challenge")).toMatch(/^[\w-]{43}$/);
    expect(asked.get("code_challenge_method")).toBe("S256");
    const { settings } = backends.get("oauth2");
    expect(settings.safeParse(settingsOf("x", { clientSecret: SECRET, subjectClaim: "" })).success).toBe(false);
    expect(settings.safeParse(settingsOf("x", { clientSecret: SECRET, tokenUrl: "http://127.0.0.1/t" })).success).toBe(
      false,
    );
  });

  test("a numeric subject counts, an object, an empty, an absent and one that other numbers equal do not", async () => {
    telling((body) => ({ ...body, sub: 17 }));
    expect((await signIn(ids.basic)).step.step).toBe("done");
    // Read from JSON, 9007199254740993 is the same number: two people of the provider would be one here.
    telling((body) => ({ ...body, sub: 2 ** 53 }));
    expect((await refusal(signIn(ids.basic))).code).toBe("unauthenticated");
    for (const sub of [{ id: 17 }, "", null, undefined, true, ["17", "18"]]) {
      telling((body) => ({ ...body, sub }));
      expect((await refusal(signIn(ids.basic))).code).toBe("unauthenticated");
    }
  });

  test("a person who is somebody else there does not become Alice by her name", async () => {
    telling((body) => ({ ...body, sub: "18" }));
    expect((await refusal(signIn(ids.basic))).code).toBe("denied");
  });
});

describe("an answer is refused", () => {
  test("with another state or none, without a code, and the second time", async () => {
    const changes: Record<string, string>[] = [{ state: "x".repeat(43) }, { state: "" }, { code: "" }];
    for (const change of changes) {
      const { location, attempt } = await web.begin(ids.basic);
      const answer = await web.at(location, { login: "alice" });
      expect((await refusal(web.finish(ids.basic, attempt, { ...answer, ...change }))).code).toBe("unauthenticated");
      expect((await refusal(web.finish(ids.basic, attempt, answer))).code).toBe("unauthenticated");
    }
  });

  test("in a browser that did not begin, with its own or no sign-in under way", async () => {
    const { location } = await web.begin(ids.basic);
    const answer = await web.at(location, { login: "alice" });
    const victim = await web.begin(ids.basic);
    expect((await refusal(web.finish(ids.basic, victim.attempt, answer))).code).toBe("unauthenticated");
    expect((await refusal(web.finish(ids.basic, "", answer))).code).toBe("unauthenticated");
    // Even if the thief learnt the victim's state: the code was bound to the thief's own verifier.
    const other = await web.begin(ids.basic);
    const state = new URL(other.location).searchParams.get("state") ?? "";
    expect((await refusal(web.finish(ids.basic, other.attempt, { ...answer, state }))).code).toBe("unauthenticated");
  });
});

describe("a provider that cannot be used", () => {
  test("refuses our secret: the words say so and hold no secret", async () => {
    const fault = await refusal(signIn(ids.wrong));
    expect(fault).toMatchObject({ code: "upstream", message: expect.stringContaining("invalid_client") as string });
    expect(fault.message).not.toContain("secret-of");
  });

  test("answers no JSON object, or with no token", async () => {
    lies.now = (path, body) => (path === "/token" ? { ...body, access_token: "" } : body);
    expect((await refusal(signIn(ids.basic))).code).toBe("upstream");
    lies.now = (path, body) => (path === "/me" ? ([body] as unknown as Json) : body);
    expect((await refusal(signIn(ids.basic))).code).toBe("upstream");
  });

  test("never answers, is down, or has a certificate of nobody", async () => {
    const entry = backends.get("oauth2");
    const check = (more: Json, ms = 12_000): Promise<void> => {
      const settings: unknown = entry.settings.parse(settingsOf("post", { clientSecret: SECRET, ...more }));
      return entry.check({ settings, id: newId(), signal: AbortSignal.timeout(ms), say: () => {} });
    };
    await expect(check({})).resolves.toBeUndefined();
    const silent = await silentServer();
    expect((await refusal(check({ tokenUrl: silent.url }, 800))).code).toBe("timeout");
    await silent.close();
    expect((await refusal(check({ tokenUrl: silent.url }))).code).toBe("upstream");
    expect((await refusal(check({ ca: "" }))).message).toContain("trusted");
  });
});
