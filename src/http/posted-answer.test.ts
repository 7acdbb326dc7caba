import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { testDatabase, type TestDatabase } from "../../test/support/database.ts";
import { startHttp } from "../../test/support/http.ts";
import { readRequest, startSamlProvider } from "../../test/support/providers/saml.ts";
import { newId } from "../core/index.ts";
import { DEFAULT_ORGANIZATION } from "../iam/index.ts";

const id = newId();
let at: Awaited<ReturnType<typeof startHttp>>;
let provider: Awaited<ReturnType<typeof startSamlProvider>>;
let directory: string;
let test_: TestDatabase;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "sallyport-posted-"));
  test_ = await testDatabase();
  at = await startHttp({ database: test_.database, directory });
  provider = await startSamlProvider();
  const settings = JSON.stringify({ metadataXml: provider.metadata });
  const row = { id, kind: "saml", name: "SAML", settings, creates_users: true, org_id: DEFAULT_ORGANIZATION };
  await test_.database.db.insertInto("sign_in_backend").values(row).execute();
});
afterAll(async () => {
  await at?.close();
  await provider?.close();
  await test_?.close();
  await rm(directory, { recursive: true, force: true });
});

const own = () => ({ origin: `http://gate.test:${at.port}`, host: `gate.test:${at.port}` });
const foreign = { origin: "https://idp.test", "sec-fetch-site": "cross-site", host: "gate.test" };
const form = "application/x-www-form-urlencoded";
const person = { nameId: "n-1", claims: { uid: "alice" } };

async function begin() {
  const reply = await at.ask("/api/sign-in/redirect", { method: "POST", headers: own(), body: { backendId: id } });
  const cookie = String(reply.headers["set-cookie"]).split(";")[0] ?? "";
  return { location: reply.json.location as string, cookie };
}

const postForm = (fields: Record<string, string>, headers: Record<string, string> = {}) =>
  at.ask(`/sign-in/callback/${id}`, {
    method: "POST",
    headers: { ...foreign, "content-type": form, ...headers },
    raw: new URLSearchParams(fields).toString(),
  });

const finish = (saml: string, cookie: string) =>
  at.ask("/api/sign-in/callback", {
    method: "POST",
    headers: { ...own(), cookie },
    body: { backendId: id, answer: { saml } },
  });

describe("the form that a provider's page posts", () => {
  test("is taken without a cookie, and leads to the console's page with a handle and nothing else", async () => {
    const { location, cookie } = await begin();
    const { relay, callback } = readRequest(location);
    expect(callback).toBe(`${own().origin}/sign-in/callback/${id}`);
    const SAMLResponse = await provider.respond(location, person);
    const reply = await postForm({ RelayState: relay, SAMLResponse });
    expect(reply.status).toBe(303);
    const target = new URL(reply.headers.location ?? "", own().origin);
    expect(target.href).toMatch(new RegExp(`^${own().origin}/sign-in/callback/${id}\\?saml=[\\w-]{43}$`));
    expect(reply.headers["set-cookie"]).toBeUndefined();
    const handle = target.searchParams.get("saml") ?? "";
    expect((await finish(handle, "")).status).toBe(401);
    expect((await finish(handle, (await begin()).cookie)).status).toBe(401);
    expect((await finish(handle, cookie)).json).toMatchObject({ step: "done", me: { loginName: "alice" } });
  });

  test("RelayState leads nowhere: neither to an address nor out of the path", async () => {
    for (const RelayState of [
      "https://evil.test",
      "//evil.test",
      "/\\evil.test",
      "javascript:alert(1)",
      "x".repeat(43),
    ]) {
      const reply = await postForm({ RelayState, SAMLResponse: "eA==" });
      expect([reply.status, reply.headers.location]).toEqual([303, `/sign-in/callback/${id}?saml=none`]);
    }
    const odd = await at.ask("/sign-in/callback/..%2f..%2fevil.test", {
      method: "POST",
      headers: { ...foreign, "content-type": form },
      raw: "RelayState=x&SAMLResponse=x",
    });
    expect([odd.status, odd.headers.location]).toEqual([422, undefined]);
  });

  test("is bounded in size, and no other address takes a form", async () => {
    expect((await postForm({ RelayState: "x", SAMLResponse: "x".repeat(300 << 10) })).status).toBe(413);
    expect((await postForm({ RelayState: "x", SAMLResponse: "x".repeat(220_000) })).status).toBe(422);
    const elsewhere = await at.ask("/api/sign-in", {
      method: "POST",
      headers: { ...own(), "content-type": form },
      raw: "loginName=a&password=b",
    });
    expect(elsewhere.status).toBeGreaterThanOrEqual(400);
    expect(
      (await at.ask(`/sign-in/callback/${id}`, { method: "POST", headers: foreign, body: { RelayState: "x" } })).status,
    ).toBe(422);
  });

  test("is refused under a name that is not ours, as is the beginning", async () => {
    expect((await postForm({ RelayState: "x", SAMLResponse: "x" }, { host: "evil.test" })).status).toBe(403);
    const forged = { host: "evil.test", origin: "http://evil.test" };
    const reply = await at.ask("/api/sign-in/redirect", { method: "POST", headers: forged, body: { backendId: id } });
    expect(reply.status).toBe(403);
    expect(
      await at
        .ask("/api/sign-in/redirect", {
          method: "POST",
          headers: { ...own(), "x-forwarded-host": "evil.test" },
          body: { backendId: id },
        })
        .then(({ json }) => readRequest(json.location as string).callback),
    ).toContain("gate.test");
  });

  test("is counted with the other tries to sign in", async () => {
    const few = await startHttp({
      database: test_.database,
      directory,
      options: { limits: { requests: 1000, signIns: 3 } },
    });
    const statuses: number[] = [];
    for (let tries = 0; tries < 5; tries++) {
      const reply = await few.ask(`/sign-in/callback/${id}`, {
        method: "POST",
        headers: { ...foreign, "content-type": form },
        raw: "RelayState=x&SAMLResponse=x",
      });
      statuses.push(reply.status);
    }
    await few.close();
    expect(statuses).toEqual([303, 303, 303, 429, 429]);
  });

  test("our own metadata are XML that anybody may read", async () => {
    const reply = await at.ask(`/api/sign-in/metadata/${id}`, { headers: { host: own().host } });
    expect([reply.status, reply.headers["content-type"]]).toEqual([200, "application/samlmetadata+xml"]);
    expect(reply.text).toContain(`Location="${own().origin}/sign-in/callback/${id}"`);
  });
});
