import { createHmac, createSign, type KeyObject } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Json, openOidcStage, people, refusal, SECRET } from "../../../../test/security/oidc-stage.ts";
import { ORIGIN } from "../../../../test/security/web-ways.ts";
import { startOidcProvider } from "../../../../test/support/providers/oidc.ts";
import type { Fault } from "../../../core/index.ts";
import { readMe, signOut } from "../../schema.ts";
import { backends } from "../index.ts";

type Stage = Awaited<ReturnType<typeof openOidcStage>>;
let stage: Stage;
let { door, web, provider, lies, ids, own, client, settingsOf, signIn } = {} as Stage;

beforeAll(async () => {
  stage = await openOidcStage();
  ({ door, web, provider, lies, ids, own, client, settingsOf, signIn } = stage);
});
afterEach(() => void (lies.now = null));
afterAll(() => stage?.close());

describe("signing in by OpenID Connect", () => {
  test("makes a user of somebody new, and knows them again by issuer and subject", async () => {
    const { step, token } = await signIn(ids.basic, "alice");
    expect(step).toMatchObject({
      step: "done",
      me: { loginName: "alice", name: "Alice Example" },
      returnTo: "/console",
    });
    const actor = await web.identify({ token });
    expect(await door.call(actor, readMe, {})).toMatchObject({ loginName: "alice" });
    const again = await signIn(ids.basic, "alice");
    expect((await web.identify({ token: again.token })).id).toBe(actor.id);
    const rows = await door.db.selectFrom("identity").selectAll().where("user_id", "=", actor.id).execute();
    expect(rows).toMatchObject([{ issuer: provider.issuer, subject: "subject-of-alice", shown_name: "alice" }]);
  });

  test("proves itself by header, by form and by signature", async () => {
    await door.db.deleteFrom("users").where("login_name", "=", "alice").execute();
    for (const id of [ids.post, ids.key]) {
      await door.db.deleteFrom("users").where("login_name", "=", "alice").execute();
      expect((await signIn(id, "alice")).step).toMatchObject({ step: "done" });
    }
  });

  test("a name with a domain becomes a login name without", async () => {
    expect((await signIn(ids.basic, "bob")).step).toMatchObject({ step: "done", me: { loginName: "bob" } });
  });

  test("asks with PKCE, state and nonce, fresh each time, and says nothing of them in the events", async () => {
    const [one, two] = [await web.begin(ids.basic), await web.begin(ids.basic)];
    const asked = [one, two].map(({ location }) => new URL(location).searchParams);
    for (const name of ["state", "nonce", "code_challenge"]) {
      expect(asked[0]?.get(name)).toMatch(/^[\w-]{43}$/);
      expect(asked[0]?.get(name)).not.toBe(asked[1]?.get(name));
    }
    expect(asked[0]?.get("code_challenge_method")).toBe("S256");
    expect(asked[0]?.get("redirect_uri")).toBe(`${ORIGIN}/sign-in/callback/${ids.basic}`);
    const events = JSON.stringify(await door.events("sign-in.redirect"));
    expect(events).not.toContain(asked[0]?.get("state") ?? "?");
  });

  test("reads groups from a nested claim, through the filter", async () => {
    const call = { id: ids.basic, signal: AbortSignal.timeout(10_000), say: () => {} };
    const entry = backends.get("oidc");
    if (entry.flow !== "redirect") throw new Error("OpenID Connect is a redirect");
    const groupsFor = async (more: Json): Promise<readonly string[]> => {
      const settings: unknown = entry.settings.parse(
        settingsOf("basic", { clientSecret: SECRET, scopes: "profile groups", ...more }),
      );
      const callback = `${ORIGIN}/sign-in/callback/${ids.basic}`;
      const { location, memory } = await entry.begin({ ...call, settings }, { callback, certificatePort: null });
      const answer = await web.at(location, { login: "alice" });
      const found = await entry.finish({ ...call, settings }, { callback, answer, memory, spend: async () => true });
      return found.groups;
    };
    expect(await groupsFor({ groupsClaim: "groups", groupFilter: ["ops*"] })).toEqual(["ops", "ops-night"]);
    expect(await groupsFor({ groupsClaim: "realm_access.roles" })).toEqual(["deployers", "readers"]);
    expect(await groupsFor({})).toEqual([]);
  });

  test("the settings have no switch for TLS, state, nonce, PKCE or signatures, and no address without https", () => {
    const { settings } = backends.get("oidc");
    const good = settingsOf("basic", { clientSecret: SECRET });
    expect(settings.safeParse(good).success).toBe(true);
    for (const issuer of [
      "http://127.0.0.1:1",
      "https://user:pass@idp.test",
      "javascript:alert(1)",
      "nonsense",
      `${provider.issuer}/.well-known/openid-configuration`,
    ]) {
      expect(settings.safeParse({ ...good, issuer }).success).toBe(false);
    }
    expect(Object.keys(settings.parse(good) as object).join()).not.toMatch(
      /verify|insecure|ignore|state|nonce|pkce|alg/i,
    );
  });
});

describe("equal names and addresses", () => {
  test("never link: a local user of the same login name or mail address stays somebody else", async () => {
    const root = await door.person("local-root", { roles: ["administrator"] });
    await door.db.updateTable("users").set({ email: "root@example.org" }).where("id", "=", root.id).execute();
    const fault = await refusal(signIn(ids.basic, "root"));
    expect(fault).toMatchObject({ code: "denied" });
    expect(fault.message).toContain("belongs to another user");
    expect(await door.db.selectFrom("identity").selectAll().where("user_id", "=", root.id).execute()).toEqual([]);
    // Bob's mail address is Alice's.
    const { token } = await signIn(ids.basic, "bob");
    const bob = await web.identify({ token });
    const alice = await web.identify({ token: (await signIn(ids.key, "alice")).token });
    expect(bob.id).not.toBe(alice.id);
  });

  test("never link across providers: the same subject at another backend is somebody unknown", async () => {
    const { code } = await refusal(signIn(ids.post, "bob"));
    expect(code).toBe("denied");
  });
});

const part = (value: Json): string => Buffer.from(JSON.stringify(value)).toString("base64url");
const claimsOf = (token: string): Json =>
  JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as Json;

function signed(claims: Json, key: KeyObject, header: Json = { alg: "RS256", kid: "signing" }): string {
  const text = `${part(header)}.${part(claims)}`;
  return `${text}.${createSign("sha256").update(text).sign(key, "base64url")}`;
}

/** The provider answers with this id token in place of the right one. */
const withToken = (forge: (claims: Json, token: string) => string): void => {
  lies.now = (path, body) =>
    path === "/token" && typeof body.id_token === "string"
      ? { ...body, id_token: forge(claimsOf(body.id_token), body.id_token) }
      : body;
};

describe("an id token is refused", () => {
  const forgeries: Record<string, (claims: Json, token: string) => string> = {
    "that nobody signed": (claims) => `${part({ alg: "none" })}.${part(claims)}.`,
    "whose signature was cut off": (_, token) => `${token.split(".").slice(0, 2).join(".")}.`,
    "that was signed with another key": (claims) => signed(claims, own.privateKey),
    "that was signed with the client secret": (claims) => {
      const text = `${part({ alg: "HS256" })}.${part(claims)}`;
      return `${text}.${createHmac("sha256", SECRET).update(text).digest("base64url")}`;
    },
    "that was signed with the client id": (claims) => {
      const text = `${part({ alg: "HS256" })}.${part(claims)}`;
      return `${text}.${createHmac("sha256", "basic").update(text).digest("base64url")}`;
    },
    "that was changed": (claims, token) =>
      token.replace(/\.[^.]+\./, `.${part({ ...claims, sub: "subject-of-root" })}.`),
    "of another issuer": (claims) => signed({ ...claims, iss: "https://evil.test" }, provider.signingKey),
    "for another client": (claims) => signed({ ...claims, aud: "somebody-else" }, provider.signingKey),
    "that is out of date": (claims) =>
      signed({ ...claims, exp: Math.floor(Date.now() / 1000) - 60 }, provider.signingKey),
    "with another nonce": (claims) => signed({ ...claims, nonce: "n".repeat(43) }, provider.signingKey),
    "without a nonce": ({ nonce: _, ...claims }) => signed(claims, provider.signingKey),
  };
  for (const [what, forge] of Object.entries(forgeries)) {
    test(`${what}`, async () => {
      withToken(forge);
      const fault = await refusal(signIn(ids.basic, "alice"));
      expect(fault.code).toBe("unauthenticated");
      expect(fault.message).not.toMatch(/eyJ|right-secret/);
    });
  }

  test("and the one that is signed as it should be is taken: the forgeries fail for their own reasons", async () => {
    withToken((claims) => signed(claims, provider.signingKey));
    expect((await signIn(ids.basic, "bob")).step).toMatchObject({ step: "done" });
  });
});

describe("an answer is refused", () => {
  test("with another state, with none, and with somebody else's code", async () => {
    const { location, attempt } = await web.begin(ids.basic);
    const answer = await web.at(location, { login: "bob" });
    const other = await web.begin(ids.basic);
    const { state: _, ...stateless } = answer;
    expect((await refusal(web.finish(ids.basic, attempt, { ...answer, state: "x".repeat(43) }))).code).toBe(
      "unauthenticated",
    );
    const next = await web.begin(ids.basic);
    expect((await refusal(web.finish(ids.basic, next.attempt, stateless))).code).toBe("unauthenticated");
    // The thief's browser holds its own attempt; PKCE binds the code to the one that began.
    const stateOfOther = new URL(other.location).searchParams.get("state") ?? "";
    expect((await refusal(web.finish(ids.basic, other.attempt, { ...answer, state: stateOfOther }))).code).toBe(
      "unauthenticated",
    );
  });

  test("in a browser that did not begin, even with the right state (login CSRF)", async () => {
    const { location } = await web.begin(ids.basic);
    const answer = await web.at(location, { login: "bob" });
    expect((await refusal(web.finish(ids.basic, "", answer))).code).toBe("unauthenticated");
    const victim = await web.begin(ids.basic);
    expect((await refusal(web.finish(ids.basic, victim.attempt, answer))).code).toBe("unauthenticated");
  });

  test("the second time", async () => {
    const { location, attempt } = await web.begin(ids.basic);
    const answer = await web.at(location, { login: "bob" });
    expect((await web.finish(ids.basic, attempt, answer)).step.step).toBe("done");
    expect((await refusal(web.finish(ids.basic, attempt, answer))).code).toBe("unauthenticated");
  });

  test("at another backend than the one that was left for", async () => {
    const { location, attempt } = await web.begin(ids.basic);
    const answer = await web.at(location, { login: "bob" });
    expect((await refusal(web.finish(ids.post, attempt, answer))).code).toBe("not_found");
  });

  test("of somebody the provider does not let in", async () => {
    const { location, attempt } = await web.begin(ids.basic);
    const answer = await web.at(location, { login: "nobody" });
    expect(answer).toMatchObject({ error: "access_denied" });
    const fault = await refusal(web.finish(ids.basic, attempt, answer));
    expect(fault).toMatchObject({
      code: "unauthenticated",
      message: expect.stringContaining("access_denied") as string,
    });
  });

  test("when the browser came under another name than it began with", async () => {
    const { attempt, location } = await web.begin(ids.basic);
    const answer = await web.at(location, { login: "bob" });
    await expect(
      web.finish(ids.basic, attempt, answer, "https://other-name.test").then(
        () => "in",
        ({ code }: Fault) => code,
      ),
    ).resolves.toBe("unauthenticated");
  });
});

describe("signing out", () => {
  test("sends the browser to the provider with the id token, and back to our own page", async () => {
    const { token } = await signIn(ids.basic, "bob");
    const { goTo } = await door.call(await web.identify({ token }), signOut, {});
    const address = new URL(goTo ?? "");
    expect(address.origin).toBe(provider.issuer);
    expect(address.searchParams.get("post_logout_redirect_uri")).toBe(`${ORIGIN}/`);
    expect(claimsOf(address.searchParams.get("id_token_hint") ?? "")).toMatchObject({ sub: "subject-of-bob" });
    expect((await web.identify({ token })).kind).toBe("anonymous");
    expect(JSON.stringify(await door.events("sign-out"))).not.toContain("eyJ");
  });

  test("keeps the id token sealed, from the attempt to the console session", async () => {
    await signIn(ids.basic, "bob");
    const rows = await door.db
      .selectFrom("console_session")
      .select("backend_memory")
      .where("backend_id", "=", ids.basic)
      .execute();
    const kept = rows.map(({ backend_memory: memory }) => memory?.toString("latin1") ?? "");
    expect(kept.some((text) => text.length > 100)).toBe(true);
    expect(kept.join()).not.toContain("eyJ");
  });

  test("is done here even if the provider is gone", async () => {
    const gone = await startOidcProvider({ people, clients: [{ ...client("basic"), client_id: "gone" }] });
    const settings = { issuer: gone.issuer, ca: gone.ca, clientId: "gone" };
    await door.db
      .updateTable("sign_in_backend")
      .set({ settings: JSON.stringify(settings) })
      .where("id", "=", ids.basic)
      .execute();
    const { token } = await signIn(ids.basic, "carol");
    await door.db
      .updateTable("sign_in_backend")
      .set({ settings: JSON.stringify({ ...settings, clientId: "gone-2" }) })
      .where("id", "=", ids.basic)
      .execute();
    await gone.close();
    expect(await door.call(await web.identify({ token }), signOut, {})).toEqual({ goTo: null });
    expect((await web.identify({ token })).kind).toBe("anonymous");
  });
});
