import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Json, openOidcStage, people, refusal, SECRET } from "../../../../test/security/oidc-stage.ts";
import { startOidcProvider } from "../../../../test/support/providers/oidc.ts";
import { silentServer } from "../../../../test/support/providers/tls.ts";
import { newId } from "../../../core/index.ts";
import { elsewhere } from "../../login/redirecting.ts";
import { backends } from "../index.ts";

type Stage = Awaited<ReturnType<typeof openOidcStage>>;
let stage: Stage;
let { door, web, lies, ids, settingsOf, signIn } = {} as Stage;

beforeAll(async () => {
  stage = await openOidcStage();
  ({ door, web, lies, ids, settingsOf, signIn } = stage);
});
afterEach(() => void (lies.now = null));
afterAll(() => stage?.close());

describe("a provider that cannot be trusted or asked", () => {
  const entry = () => backends.get("oidc");
  const check = (more: Json, signal = AbortSignal.timeout(12_000)): Promise<void> => {
    const settings: unknown = entry().settings.parse(settingsOf("basic", { clientSecret: SECRET, ...more }));
    return entry().check({ settings, id: newId(), signal, say: () => {} });
  };

  test("is told from one that works", async () => {
    await expect(check({})).resolves.toBeUndefined();
  });

  test("names another issuer", async () => {
    lies.now = (path, body) =>
      path.includes("openid-configuration") ? { ...body, issuer: "https://evil.test" } : body;
    expect((await refusal(check({ clientId: "unseen-1" }))).code).toBe("unauthenticated");
  });

  test("signs with nothing that proves anything", async () => {
    lies.now = (path, body) =>
      path.includes("openid-configuration")
        ? { ...body, id_token_signing_alg_values_supported: ["none", "HS256"] }
        : body;
    expect(await refusal(check({ clientId: "unseen-2" }))).toMatchObject({ code: "upstream" });
  });

  test("publishes an address that is a script", async () => {
    lies.now = (path, body) =>
      path.includes("openid-configuration") ? { ...body, authorization_endpoint: "javascript:alert(1)//x" } : body;
    const id = await web.backend("oidc", settingsOf("unseen-3"), { secrets: { clientSecret: SECRET } });
    expect((await refusal(web.begin(id))).code).toBe("unauthenticated");
    for (const location of ["javascript:alert(1)", "http://idp.test/", "//idp.test", "data:text/html,x"]) {
      expect(() => elsewhere(location)).toThrow("not https");
    }
  });

  test("has a certificate that nobody vouches for, or that has expired", async () => {
    expect(await refusal(check({ ca: "" }))).toMatchObject({
      code: "upstream",
      message: expect.stringContaining("trusted") as string,
    });
    const old = await startOidcProvider({ people, clients: [], days: -1 });
    try {
      const fault = await refusal(check({ issuer: old.issuer, ca: old.ca }));
      expect(fault).toMatchObject({ code: "upstream", message: expect.stringContaining("expired") as string });
    } finally {
      await old.close();
    }
  });

  test("is down, or never answers", async () => {
    const silent = await silentServer();
    const from = Date.now();
    expect(await refusal(check({ issuer: silent.url }, AbortSignal.timeout(1_000)))).toMatchObject({ code: "timeout" });
    expect(Date.now() - from).toBeLessThan(5_000);
    await silent.close();
    expect(await refusal(check({ issuer: silent.url }))).toMatchObject({
      code: "upstream",
      message: expect.stringContaining("nothing listens") as string,
    });
  });

  test("refuses our secret: an administrator is told, in words without it", async () => {
    const fault = await refusal(signIn(ids.wrong, "alice"));
    expect(fault).toMatchObject({ code: "upstream", message: expect.stringContaining("invalid_client") as string });
    expect(JSON.stringify(await door.events("sign-in.callback"))).not.toContain("wrong-secret");
  });

  test("answers without an end", async () => {
    lies.now = (path, body) =>
      path.includes("openid-configuration") ? { ...body, filler: "x".repeat(2 << 20) } : body;
    expect(await refusal(check({ clientId: "unseen-4" }))).toMatchObject({
      code: "upstream",
      message: expect.stringContaining("1 MiB") as string,
    });
  });
});
