import { mkdtemp, rm } from "node:fs/promises";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { type AnyAction, endpoint, plain, secret } from "../core/index.ts";
import { type Db, serve } from "../db/index.ts";
import { startHttp } from "../../test/support/http.ts";
import { type TestDatabase, testDatabase } from "../../test/support/database.ts";

const Text = plain(z.string());
const anything = endpoint({
  route: "GET /echo/:id",
  name: "echo.read",
  title: "Give back what was asked",
  input: z.object({
    id: Text,
    tags: z.array(Text).optional(),
    n: z.coerce.number().default(1),
    on: z.stringbool().optional(),
  }),
  output: z.object({ id: Text, tags: z.array(Text).optional(), n: z.number(), on: z.boolean().optional() }),
});
const change = endpoint({
  route: "POST /echo/:id",
  name: "echo.change",
  title: "Give back what was sent",
  input: z.object({ id: Text, word: Text.default("none") }),
  output: z.object({ id: Text, word: Text }),
});
const broken = endpoint({
  route: "POST /broken",
  name: "echo.break",
  title: "Break",
  input: z.object({ pin: secret(z.string()) }),
  output: z.object({}),
});

const extra = [
  serve(anything, { access: "anonymous", run: async (_context, input) => input }),
  serve(change, { access: "anonymous", run: async (_context, input) => input }),
  serve(broken, {
    access: "anonymous",
    run: async (_context, { pin }) => {
      throw Object.assign(new Error("It broke"), { detail: `Key (pin)=(${pin})` });
    },
  }),
] as AnyAction<Db>[];

let database: TestDatabase;
let directory: string;
let it_: Awaited<ReturnType<typeof startHttp>>;
const open: { close(): Promise<void> }[] = [];

async function start(options: Parameters<typeof startHttp>[0]["options"] = {}) {
  const started = await startHttp({ database: database.database, directory, extra, options });
  open.push(started);
  return started;
}

beforeAll(async () => {
  database = await testDatabase();
  directory = await mkdtemp(join(tmpdir(), "sallyport-http-"));
  it_ = await start();
});

afterAll(async () => {
  await Promise.all(open.map((started) => started.close()));
  await database?.close();
  await rm(directory, { recursive: true, force: true });
});

const mine = (port: number) => ({ origin: `http://127.0.0.1:${port}` });

describe("input", () => {
  it("comes from path and query; one value of a list is a list", async () => {
    const { json } = await it_.ask("/api/echo/7?tags=a&n=3&on=false");
    expect(json).toEqual({ id: "7", tags: ["a"], n: 3, on: false });
    expect((await it_.ask("/api/echo/7?tags=a&tags=b")).json.tags).toEqual(["a", "b"]);
  });

  it("comes from path and body, and the path wins", async () => {
    const reply = await it_.ask("/api/echo/7", { method: "POST", body: { id: "8", word: "hey" } });
    expect(reply).toMatchObject({ status: 200, json: { id: "7", word: "hey" } });
    expect((await it_.ask("/api/echo/7", { method: "POST" })).json.word).toBe("none");
  });

  it.each([
    ["broken JSON", { raw: "{", status: 422 }],
    ["a list", { raw: "[]", status: 422 }],
    ["a poisoned prototype", { raw: '{"__proto__":{"a":1}}', status: 422 }],
    ["a poisoned constructor", { raw: '{"constructor":{"prototype":{}}}', status: 422 }],
    ["a form", { raw: "a=b", status: 422, headers: { "content-type": "application/x-www-form-urlencoded" } }],
    ["plain text", { raw: "{}", status: 422, headers: { "content-type": "text/plain" } }],
    ["more than 1 MiB", { raw: JSON.stringify({ word: "x".repeat(1 << 20) }), status: 413 }],
  ])("%s is refused with a fault", async (_what, { status, ...how }) => {
    const reply = await it_.ask("/api/echo/7", { method: "POST", ...how });
    expect(reply.status).toBe(status);
    expect(reply.json).toMatchObject({
      error: status === 413 ? "too_large" : "invalid",
      requestId: reply.headers["x-request-id"],
    });
  });

  it("refuses a query that names the prototype", async () => {
    expect((await it_.ask("/api/echo/7?__proto__=x")).status).toBe(422);
  });
});

describe("faults", () => {
  it("carry the failing fields in their details", async () => {
    const { status, json } = await it_.ask("/api/echo/7?n=many");
    expect(status).toBe(422);
    expect(json.details.problems[0].path).toBe("n");
  });

  it("hide a bug, and the log holds neither the secret nor the row", async () => {
    const { status, json } = await it_.ask("/api/broken", { method: "POST", body: { pin: "hunter2-secret" } });
    expect(status).toBe(500);
    expect(json).toEqual({
      error: "internal",
      message: expect.stringContaining(json.requestId),
      requestId: json.requestId,
    });
    for (const inner of ["hunter2-secret", "It broke", "Key (pin)"]) expect(json.message).not.toContain(inner);
    const logged = it_.lines.join("");
    expect(logged).toContain(json.requestId);
    expect(logged).toContain("It broke");
    expect(logged).not.toContain("hunter2-secret");
  });

  it("answer unknown paths below /api as JSON", async () => {
    expect(await it_.ask("/api/nothing")).toMatchObject({ status: 404, json: { error: "not_found" } });
    expect((await it_.ask("/api")).status).toBe(404);
  });

  it("asks for sign-in and names the missing permission", async () => {
    expect(await it_.ask("/api/users")).toMatchObject({ status: 401, json: { error: "unauthenticated" } });
  });
});

describe("headers", () => {
  it("protect every answer", async () => {
    for (const path of ["/", "/api/setup", "/api/nothing", "/healthz"]) {
      const { headers } = await it_.ask(path);
      expect(headers["content-security-policy"]).toMatch(
        /^default-src 'none';script-src 'self';.*frame-ancestors 'none'$/,
      );
      expect(headers).toMatchObject({
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "no-referrer",
        "permissions-policy": expect.stringContaining("camera=()"),
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
      });
      expect(headers["strict-transport-security"]).toBeUndefined();
      expect(headers["x-powered-by"]).toBeUndefined();
    }
    expect((await it_.ask("/api/setup")).headers["cache-control"]).toBe("no-store");
  });

  it.each([
    ["localhost", 200],
    ["127.0.0.1:1234", 200],
    ["[::1]:80", 200],
    ["gate.test", 200],
    ["evil.example", 403],
    ["gate.test.evil.example", 403],
    ["localhost:80@evil.example", 403],
  ])("Host %s answers %i", async (host, status) => {
    expect((await it_.ask("/api/setup", { headers: { host } })).status).toBe(status);
  });
});

describe("same origin", () => {
  const post = (headers: Record<string, string>) => it_.ask("/api/echo/7", { method: "POST", body: {}, headers });
  const cookie = { cookie: "sallyport_session=x" };

  it.each<[string, () => Record<string, string>, number]>([
    ["no page and no cookie", () => ({}), 200],
    ["no page with the cookie", () => cookie, 403],
    ["our own page", () => ({ ...cookie, ...mine(it_.port) }), 200],
    ["our own page by fetch metadata", () => ({ ...cookie, "sec-fetch-site": "same-origin" }), 200],
    ["another site", () => ({ ...cookie, origin: "https://evil.example" }), 403],
    ["another site without a cookie", () => ({ origin: "https://evil.example" }), 403],
    ["another port of this host", () => ({ ...cookie, origin: "http://127.0.0.1:1" }), 403],
    ["another scheme", () => ({ ...cookie, origin: `https://127.0.0.1:${it_.port}` }), 403],
    ["a sandboxed page", () => ({ ...cookie, origin: "null" }), 403],
    ["a sibling site", () => ({ ...cookie, ...mine(it_.port), "sec-fetch-site": "same-site" }), 403],
    ["an address typed in", () => ({ ...cookie, "sec-fetch-site": "none" }), 403],
  ])("%s", async (_what, headers, status) => {
    expect((await post(headers())).status).toBe(status);
  });

  it("takes the public address for our own", async () => {
    const { ask: get } = await start({
      publicUrl: "https://gate.example",
      hostNames: ["gate.example"],
      trustedProxies: ["127.0.0.1/32"],
    });
    const headers = { host: "gate.example", origin: "https://gate.example", cookie: "__Host-sallyport_session=x" };
    const { status, headers: answer } = await get("/api/echo/7", { method: "POST", body: {}, headers });
    expect(status).toBe(200);
    expect(answer["strict-transport-security"]).toMatch(/max-age/);
  });
});

describe("console session", () => {
  it("lives in a cookie that scripts and other sites never see", async () => {
    const token = await it_.iam.makeSetupToken();
    const body = { token, loginName: "first", name: "First", password: "a long enough password" };
    const made = await it_.ask("/api/setup", { method: "POST", body });
    expect(made.status).toBe(200);
    expect(made.headers["set-cookie"]?.[0]?.split("; ")).toEqual([
      expect.stringMatching(/^sallyport_session=[\w-]+$/),
      "Path=/",
      expect.stringMatching(/^Expires=.* GMT$/),
      "HttpOnly",
      "SameSite=Strict",
    ]);
    const cookie = made.headers["set-cookie"]![0]!.split(";")[0]!;
    expect((await it_.ask("/api/me", { headers: { cookie } })).json.loginName).toBe("first");
    const out = await it_.ask("/api/sign-out", { method: "POST", headers: { cookie, ...mine(it_.port) } });
    expect(out.headers["set-cookie"]?.[0]).toMatch(/^sallyport_session=; .*Expires=Thu, 01 Jan 1970/);
    expect((await it_.ask("/api/me", { headers: { cookie } })).status).toBe(401);
  });

  it("has the __Host- prefix and Secure behind a TLS proxy, and only there", async () => {
    const { ask: get } = await start({ trustedProxies: ["127.0.0.1/32"] });
    const headers = { "x-forwarded-proto": "https", "x-forwarded-for": "192.0.2.7" };
    const reply = await get("/api/sign-in", {
      method: "POST",
      headers,
      body: { loginName: "first", password: "a long enough password" },
    });
    expect(reply.headers["set-cookie"]?.[0]).toMatch(/^__Host-sallyport_session=[\w-]+; .*; Secure; SameSite=Strict$/);
    const cookie = reply.headers["set-cookie"]![0]!.split(";")[0]!;
    expect((await get("/api/me", { headers: { cookie, ...headers } })).status).toBe(200);
    expect((await get("/api/me", { headers: { cookie } })).status).toBe(401);
    const untrusted = await it_.ask("/api/sign-in", {
      method: "POST",
      headers,
      body: { loginName: "first", password: "a long enough password" },
    });
    expect(untrusted.headers["set-cookie"]?.[0]).not.toContain("Secure");
  });
});

const outside = Object.values(networkInterfaces())
  .flat()
  .find((found) => found && !found.internal && found.family === "IPv4")?.address;

it.runIf(outside)("plain HTTP answers this machine and the trusted proxy, and nobody beside them", async () => {
  const host = outside!;
  const around = await startHttp({ database: database.database, directory, extra, host: "0.0.0.0" });
  const proxied = await startHttp({
    database: database.database,
    directory,
    extra,
    host: "0.0.0.0",
    options: { trustedProxies: [host] },
  });
  open.push(around, proxied);
  const body = { loginName: "first", password: "x" };
  expect(await around.ask("/api/sign-in", { method: "POST", body, host })).toMatchObject({
    status: 403,
    json: { error: "denied", message: expect.stringContaining("proxy") },
  });
  expect((await around.ask("/", { host })).status).toBe(403);
  expect((await around.ask("/healthz", { host })).status).toBe(200);
  expect((await around.ask("/api/echo/7")).status).toBe(200);
  expect((await proxied.ask("/api/echo/7", { host })).status).toBe(200);
});

describe("limits", () => {
  it("slow down one address and say when to come back", async () => {
    const { ask: get } = await start({ limits: { requests: 3, signIns: 100 } });
    for (let n = 0; n < 3; n++) expect((await get("/healthz")).status).toBe(200);
    const reply = await get("/healthz");
    expect(reply).toMatchObject({ status: 429, json: { error: "too_many" } });
    expect(Number(reply.headers["retry-after"])).toBeGreaterThan(0);
  });

  it("are stricter for sign-in", async () => {
    const { ask: get } = await start({ limits: { requests: 100, signIns: 2 } });
    const post = () => get("/api/sign-in", { method: "POST", body: { loginName: "x", password: "y" } });
    expect([(await post()).status, (await post()).status, (await post()).status]).toEqual([401, 401, 429]);
    expect((await get("/api/setup")).status).toBe(200);
  });

  it("are as strict for a command line that begins, and let those that wait ask on", async () => {
    const { ask: get } = await start({ limits: { requests: 100, signIns: 2 } });
    const post = (path: string, body: object) => get(path, { method: "POST", body }).then(({ status }) => status);
    const begin = () => post("/api/devices", { publicKey: "ssh-ed25519 AAAA", device: "box" });
    expect([await begin(), await begin(), await begin()]).toEqual([422, 422, 429]);
    for (let n = 0; n < 40; n++) expect(await post("/api/devices/collect", { token: "x".repeat(43) })).toBe(401);
  });

  it("count the client behind the trusted proxy, not what it claims", async () => {
    const { ask: get } = await start({ limits: { requests: 1, signIns: 100 }, trustedProxies: ["127.0.0.1/32"] });
    const from = (chain: string) => get("/healthz", { headers: { "x-forwarded-for": chain } });
    expect((await from("1.1.1.1, 192.0.2.1")).status).toBe(200);
    expect((await from("2.2.2.2, 192.0.2.1")).status).toBe(429);
    expect((await from("192.0.2.2")).status).toBe(200);
  });
});
