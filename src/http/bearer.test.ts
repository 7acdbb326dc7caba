import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type TestDatabase, testDatabase } from "../../test/support/database.ts";
import { startHttp } from "../../test/support/http.ts";
import { newId, run } from "../core/index.ts";
import { DEFAULT_ORGANIZATION } from "../iam/index.ts";
import { createMyApiKey } from "../iam/schema.ts";

let database: TestDatabase;
let directory: string;
let server: Awaited<ReturnType<typeof startHttp>>;
let secret = "";
const id = newId();

beforeAll(async () => {
  database = await testDatabase();
  directory = await mkdtemp(join(tmpdir(), "bearer-"));
  server = await startHttp({ database: database.database, directory });
  const { db } = database.database;
  await sql`insert into users (id, login_name, name) values (${id}, 'ann', 'Ann')`.execute(db);
  await sql`insert into membership (org_id, user_id) values (${DEFAULT_ORGANIZATION}, ${id})`.execute(db);
  const action = server.actions.find(({ endpoint }) => endpoint === createMyApiKey)!;
  const now = new Date();
  const actor = {
    kind: "person",
    id,
    name: "Ann",
    orgId: DEFAULT_ORGANIZATION,
    address: null,
    via: "console",
    permissions: new Set<string>(),
    signInId: null,
    proved: { signIn: now, password: now, secondFactor: null },
  } as const;
  const input = { name: "k", scopes: ["me.read", "me.preferences"] };
  secret = ((await run(server.runtime, action, actor, input)) as { secret: string }).secret;
});
afterAll(async () => {
  await server?.close();
  await database?.close();
  await rm(directory, { recursive: true });
});

const bearer = (key = secret, more: Record<string, string> = {}) => ({ authorization: `Bearer ${key}`, ...more });
const change = (headers: Record<string, string>) =>
  server.ask("/api/me/preferences", { method: "PATCH", body: { theme: "dark" }, headers });

describe("a request with an API key", () => {
  it("acts for the key's user, reads and changes", async () => {
    const read = await server.ask("/api/me", { headers: bearer() });
    expect([read.status, read.json.id]).toEqual([200, id]);
    expect((await change(bearer())).status).toBe(200);
    expect((await server.ask("/api/me", { headers: { authorization: `bearer  ${secret}` } })).status).toBe(200);
  });

  it("is asked for no origin: no page can make a browser send it", async () => {
    expect((await change(bearer(secret, { origin: "https://evil.example" }))).status).toBe(200);
  });

  it("is answered without leave for pages of other sites to read it", async () => {
    const asked = { origin: "https://evil.example", "access-control-request-headers": "authorization" };
    const preflight = await server.ask("/api/me", { method: "OPTIONS", headers: asked });
    const { headers } = await server.ask("/api/me", { headers: bearer(secret, { origin: "https://evil.example" }) });
    for (const answer of [preflight.headers, headers]) expect(answer["access-control-allow-origin"]).toBeUndefined();
  });

  it("is refused when a cookie comes with it, whichever is right", async () => {
    for (const cookie of ["sallyport_session=x", "sallyport_attempt=x"]) {
      const { status, json } = await server.ask("/api/me", { headers: bearer(secret, { cookie }) });
      expect([status, json.error]).toEqual([422, "invalid"]);
    }
  });

  it("is refused where the key has no scope, and everywhere with a wrong key", async () => {
    const beyond = await server.ask("/api/me/ssh-keys", { headers: bearer() });
    expect([beyond.status, beyond.json.error]).toEqual([403, "denied"]);
    for (const path of ["/api/me", "/api/setup", "/api/sign-in/ways"]) {
      const { status, json } = await server.ask(path, { headers: bearer(`${secret.slice(0, -1)}!`) });
      expect([path, status, json.error]).toEqual([path, 401, "unauthenticated"]);
      await sql`delete from sign_in_brake`.execute(database.database.db);
    }
    expect((await server.ask("/api/me", { headers: bearer("x".repeat(20_000).slice(0, 8000)) })).status).toBe(401);
  });

  it("is not what other schemes or the address carry", async () => {
    const basic = Buffer.from(`ann:${secret}`).toString("base64");
    expect((await server.ask("/api/me", { headers: { authorization: `Basic ${basic}` } })).status).toBe(401);
    expect((await server.ask(`/api/me?access_token=${secret}`)).status).toBe(401);
  });

  it("leaves nothing of the key in the log", async () => {
    await server.ask(`/api/me`, { headers: bearer() });
    const [, prefix = "", hidden = ""] = secret.split("_");
    expect(server.lines.length).toBeGreaterThan(0);
    expect(server.lines.join("\n")).not.toContain(hidden);
    expect(server.lines.join("\n")).not.toContain(prefix);
  });
});
