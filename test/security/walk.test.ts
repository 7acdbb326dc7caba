import { sql } from "kysely";
import pino from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readConfig } from "../../src/config.ts";
import { type Actor, type AnyAction, endpoint } from "../../src/core/index.ts";
import type { Db } from "../../src/db/index.ts";
import { createHttp } from "../../src/http/index.ts";
import { DEFAULT_ORGANIZATION } from "../../src/iam/index.ts";
import { createDomains } from "../../src/processes/domains.ts";
import { openRecording } from "../../src/sessions/schema.ts";
import { ADMIN } from "../support/program.ts";
import { sampleOf } from "./canary.ts";
import { declaredEndpoints } from "./endpoints.ts";
import { addressOf, type Gate, knock, PASSWORD, send, startGate } from "./gate.ts";
import { expectations, type Stranger, walk } from "./walk.ts";

let gate: Gate;
let domains: Awaited<ReturnType<typeof createDomains>>;
let actions: AnyAction<Db>[];

beforeAll(async () => {
  gate = await startGate();
  domains = await createDomains({
    settings: {
      config: readConfig(["--data", gate.program.data], {}),
      database: await addressOf(gate.program),
      masterKey: Buffer.alloc(32, 1).toString("base64"),
      run: gate.program.data,
      demo: null,
      first: false,
      slot: 9,
    },
    log: pino({ level: "silent" }),
    connections: 4,
    signingKey: null,
  });
  actions = [
    ...domains.platform.actions,
    ...domains.iam.actions,
    ...domains.assets.actions,
    ...domains.sessions.actions,
    ...domains.audit.actions,
  ];
}, 120_000);

afterAll(async () => {
  await domains?.database.close();
  await gate?.stop();
}, 60_000);

/** Signed in afresh: a walk ends with signing out. */
async function strangers(): Promise<Stranger[]> {
  const { first, program, other } = gate;
  const {
    userId: _,
    root,
    live: _live,
    names,
    fingerprint,
    versions: _versions,
    deviceCode: _code,
    userName,
    ...ids
  } = first;
  const { user: _user, ...ofOthers } = names;
  const marks = [...Object.values(ids), root, ...Object.values(ofOthers), fingerprint, "Ada Admin"];
  const [user, stranger] = [await program.signIn(userName, PASSWORD), await program.signIn(other.loginName, PASSWORD)];
  return [
    { who: "nobody", cookie: "", id: null, marks: [...marks, DEFAULT_ORGANIZATION, userName] },
    { who: "user", cookie: user.cookie, id: first.userId, marks },
    { who: "other", cookie: stranger.cookie, id: other.userId, marks: [...marks, DEFAULT_ORGANIZATION, userName] },
  ];
}

/** Everything that the first organization holds, but what says when somebody was there, and what a walk writes itself. */
async function holdings(): Promise<Record<string, string>> {
  const tables = await sql<{ name: string }>`
    select table_name as name from information_schema.columns where table_schema = 'public' and column_name = 'org_id'
      and table_name not in ('audit_event', 'console_session')`.execute(gate.database.db);
  const found: Record<string, string> = {};
  for (const { name } of tables.rows)
    found[name] = await sumOf(sql`${sql.table(name)} t where t.org_id = ${DEFAULT_ORGANIZATION}`);
  const users = sql`(select id, login_name, name, email, active, password_hash, version from users where id <> ${gate.other.userId}) t`;
  return { ...found, users: await sumOf(users), ssh_key: await sumOf(sql`ssh_key t`) };
}

async function sumOf(from: ReturnType<typeof sql>): Promise<string> {
  const { rows } = await sql<{
    sum: string;
  }>`select count(*) || ' ' || coalesce(md5(string_agg(t::text, '|' order by t::text)), '') as sum from ${from}`.execute(
    gate.database.db,
  );
  return rows[0]?.sum ?? "";
}

const routeOf = (method: string, path: string): string =>
  `${method.toUpperCase()} ${path.replace(/^\/api/, "").replace(/\{(\w+)\}/g, ":$1")}`;

describe("what strangers get", () => {
  test("the program serves exactly the endpoints of the domains, and every schema's endpoint is served", async () => {
    const reply = await send({ url: gate.program.url, method: "GET", place: "/api/openapi.json" });
    const { paths } = JSON.parse(reply.body) as {
      paths: Record<string, Record<string, { operationId: string; "x-websocket"?: boolean }>>;
    };
    const served = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(
        ([method, operation]) =>
          `${operation.operationId} ${routeOf(operation["x-websocket"] ? "SOCKET" : method, path)}`,
      ),
    );
    const listed = actions.map(({ endpoint: { name, route } }) => `${name} ${route}`);
    expect(served.toSorted()).toEqual(listed.toSorted());
    const declared = (await declaredEndpoints()).map(({ name, route }) => `${name} ${route}`);
    expect(declared.filter((one) => !listed.includes(one))).toEqual([]);
    expect(listed.length).toBeGreaterThan(50);
  });

  test("the rows that strangers name are there for the administrator", async () => {
    const { program, admin } = gate;
    await admin.call(openRecording, { id: gate.first.endedId });
    const expected = expectations(gate);
    const reads = actions.filter(
      ({ endpoint: { route, name } }) => route.startsWith("GET ") && name !== "sign-in.metadata",
    );
    for (const {
      endpoint: { name, route },
    } of reads) {
      for (const { input } of expected[name] ?? []) {
        const reply = await knock({ url: program.url, route, input, headers: { cookie: admin.cookie } });
        expect([name, input, reply.status]).toEqual([name, input, 200]);
      }
    }
  });

  test("nobody, a user without rights and another organization's administrator get nothing and change nothing", async () => {
    const before = await holdings();
    expect(await walk(gate.program.url, actions, expectations(gate), await strangers())).toEqual([]);
    expect(await holdings()).toEqual(before);
    const { rows } = await sql<{ state: string }>`select state from session where id = ${gate.first.liveId}`.execute(
      gate.database.db,
    );
    expect(rows).toEqual([{ state: "live" }]);
    expect(await gate.program.logs()).not.toContain("request failed");
  }, 120_000);

  test("nobody reaches the program's own pages beyond what is public", async () => {
    for (const place of [
      "/api/nothing",
      "/api/../metrics/x",
      "/api/users/%00",
      "/api/sessions/x/watch",
      "/..%2f..%2fpackage.json",
    ]) {
      const reply = await send({ url: gate.program.url, method: "GET", place });
      expect([place, reply.status < 500, reply.body.includes("sallyport")]).toEqual([place, true, false]);
    }
    const forged = { cookie: `sallyport_session=${"A".repeat(43)}` };
    expect((await send({ url: gate.program.url, method: "GET", place: "/api/me", headers: forged })).status).toBe(401);
  });
});

describe("hostile input", () => {
  const HOSTILE = ["a\0b", "\ud800", "'; drop table users; --", "9".repeat(400), 1e308, 2 ** 53, null, [[]], {}];

  test("in any field of any endpoint is refused or taken, and never an error of the program, even from the administrator", async () => {
    const { program, first } = gate;
    const admin = await program.signIn(ADMIN.loginName, ADMIN.password);
    const headers = { origin: program.url, cookie: admin.cookie };
    const failed: string[] = [];
    for (const {
      endpoint: { name, route, input },
    } of actions.filter((action) => action.endpoint.name !== "sign-out")) {
      const sample = { ...(sampleOf(input, name, () => "x") as Record<string, unknown>) };
      for (const field of Object.keys(sample)) {
        const tries = HOSTILE.map(async (value) => {
          const hostile = {
            ...sample,
            ...("id" in sample && !route.startsWith("DELETE ") && { id: first.groupId }),
            [field]: value,
          };
          const reply = await knock({ url: program.url, route, input: hostile, headers });
          if (reply.status >= 500) failed.push(`${name}.${field} ${JSON.stringify(value).slice(0, 30)}: ${reply.body}`);
        });
        await Promise.all(tries);
      }
    }
    expect(failed.filter((line) => !line.includes('"unavailable"'))).toEqual([]);
    expect(await program.logs()).not.toContain("request failed");
  }, 120_000);
});

describe("where a request comes from", () => {
  const changing = (): AnyAction<Db>[] => actions.filter(({ endpoint: { route } }) => !route.startsWith("GET "));
  const inputOf = (name: string): object => expectations(gate)[name]?.[0]?.input ?? {};

  test.each([
    ["another site's Origin", { origin: "https://evil.example" }],
    ["the Origin null", { origin: "null" }],
    ["our Origin on another port", { origin: "http://127.0.0.1:1" }],
    ["a cookie without Origin", {}],
    ["our Origin, but sent by another site", { "sec-fetch-site": "cross-site" }],
    ["our Origin, but sent by a sub-domain", { "sec-fetch-site": "same-site" }],
  ])("every change and every socket refuses %s, even to the administrator", async (what, headers) => {
    const { program, admin } = gate;
    const own: Record<string, string> = "sec-fetch-site" in headers ? { origin: program.url } : {};
    for (const {
      endpoint: { name, route },
    } of changing()) {
      const reply = await knock({
        url: program.url,
        route,
        input: inputOf(name),
        headers: { cookie: admin.cookie, ...own, ...headers },
      });
      expect([name, what, reply.status]).toEqual([name, what, 403]);
    }
    expect(
      (await send({ url: program.url, method: "GET", place: "/api/me", headers: { cookie: admin.cookie } })).status,
    ).toBe(200);
  });

  test("every endpoint refuses a Host that is not ours", async () => {
    const { program, admin } = gate;
    for (const {
      endpoint: { name, route },
    } of actions) {
      const headers = { cookie: admin.cookie, origin: "http://evil.example", host: "evil.example" };
      const reply = await knock({ url: program.url, route, input: inputOf(name), headers });
      expect([name, reply.status]).toEqual([name, 403]);
    }
  });

  test("no answer lets another site read it", async () => {
    const { program, admin } = gate;
    for (const method of ["GET", "OPTIONS"]) {
      const headers = { cookie: admin.cookie, origin: "https://evil.example", "access-control-request-method": "GET" };
      const reply = await send({ url: program.url, method, place: "/api/users", headers });
      expect(reply.text.toLowerCase()).not.toContain("access-control-allow");
    }
  });
});

describe("the walk itself", () => {
  async function walkSabotaged(broken: {
    actions?: AnyAction<Db>[];
    identify?: (actor: Actor) => Actor;
  }): Promise<string[]> {
    const config = readConfig(["--requests-per-minute", "100000", "--sign-ins-per-minute", "1000"], {});
    const http = await createHttp({
      ...config,
      runtime: domains.runtime,
      log: pino({ level: "silent" }),
      tls: null,
      actions: broken.actions ?? actions,
      identify: async (request) => (broken.identify ?? ((actor) => actor))(await domains.iam.identify(request)),
      consoleDirectory: gate.program.data,
      version: "0",
      ready: async () => ({}),
      measures: [],
    });
    try {
      const { port } = await http.listen({ host: "127.0.0.1", port: 0 });
      const { "sign-out": _, ...expected } = expectations(gate);
      const reads = Object.fromEntries(Object.entries(expected).filter(([name]) => /(list|read|status)$/.test(name)));
      const known = (broken.actions ?? actions).filter(
        ({ endpoint: { name } }) => name in reads || name === "invented",
      );
      return await walk(`http://127.0.0.1:${port}`, known, reads, await strangers());
    } finally {
      await http.close();
    }
  }

  test("finds nothing wrong with a server that is built beside the program", async () => {
    expect(await walkSabotaged({})).toEqual([]);
  });

  test("finds out when authorization is switched off", async () => {
    const open = actions.map((action) => ({ ...action, access: "anonymous" as const }));
    const found = await walkSabotaged({ actions: open });
    for (const name of ["user.list", "asset.read", "audit.event.list", "session.read", "grant.list"]) {
      expect(found.filter((line) => line.startsWith(`${name} `) && line.includes("as user")).length).toBeGreaterThan(0);
    }
    expect(found.length).toBeGreaterThan(40);
  });

  test("finds out when one endpoint asks for no permission", async () => {
    const open = actions.map((action) =>
      action.endpoint.name === "group.list" ? { ...action, access: "signed-in" as const } : action,
    );
    const found = await walkSabotaged({ actions: open });
    expect(found.length).toBeGreaterThan(0);
    expect(found.every((line) => line.startsWith("group.list "))).toBe(true);
  });

  test("finds out when organizations are not kept apart", async () => {
    const found = await walkSabotaged({
      identify: (actor) => (actor.orgId ? { ...actor, orgId: DEFAULT_ORGANIZATION } : actor),
    });
    for (const name of ["user.list", "asset.read", "audit.event.list", "session.read", "grant.list"]) {
      expect(found.filter((line) => line.startsWith(`${name} `) && line.includes("as other")).length).toBeGreaterThan(
        0,
      );
    }
  });

  test("finds out when an endpoint is added", async () => {
    const { input, output } = actions[0]!.endpoint;
    const invented = endpoint({ route: "GET /invented", name: "invented", title: "New", input, output });
    const added: AnyAction<Db> = { endpoint: invented, access: "anonymous", run: async () => ({}) };
    const found = await walkSabotaged({ actions: [...actions, added] });
    expect(found).toEqual(["invented: a new endpoint; write down in walk.ts what strangers get"]);
  });
});
