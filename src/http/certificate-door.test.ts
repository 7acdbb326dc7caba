import { X509Certificate } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Visit, visitDoor } from "../../test/support/certificate-visit.ts";
import { testDatabase, type TestDatabase } from "../../test/support/database.ts";
import { startHttp } from "../../test/support/http.ts";
import { freePort } from "../../test/support/program.ts";
import { AUTHORITY, type Authority, makeAuthority, type Pair, PERSON } from "../../test/support/providers/pki.ts";
import { newId } from "../core/index.ts";
import { DEFAULT_ORGANIZATION } from "../iam/index.ts";
import { createCertificateDoor, createTls, type Tls } from "./index.ts";

const log = pino({ level: "silent" });
let test_: TestDatabase;
let directory: string;
let tls: Tls;
let at: Awaited<ReturnType<typeof startHttp>>;
let door: Awaited<ReturnType<typeof createCertificateDoor>>;
let doorPort: number;
let people: Authority;
let others: Authority;
let below: Authority;
let bounded: Authority;
let alice: Pair;
const ids = { plain: newId(), listed: newId(), stale: newId(), principal: newId(), bounded: newId(), others: newId() };

const backend = (id: string, settings: Record<string, unknown>) =>
  test_.database.db
    .insertInto("sign_in_backend")
    .values({
      id,
      kind: "certificate",
      name: `Certificates ${id}`,
      settings: JSON.stringify(settings),
      creates_users: true,
      org_id: DEFAULT_ORGANIZATION,
    })
    .execute();

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "sallyport-certificates-"));
  test_ = await testDatabase();
  doorPort = await freePort();
  const now = () => new Date();
  tls = await createTls({ options: { kind: "self-signed" }, data: directory, names: ["gate.test"], now, log });
  at = await startHttp({ database: test_.database, directory, certificatePort: doorPort, options: { tls } });
  people = await makeAuthority("People");
  others = await makeAuthority("People");
  below = await makeAuthority("Below", { above: people });
  bounded = await makeAuthority("Bounded", {
    extensions: [...AUTHORITY, "nameConstraints=critical,permitted;email:example.org"],
  });
  alice = await people.issue({ subject: "/C=DE/O=Example, Inc/CN=alice" });
  await backend(ids.plain, { authorities: people.cert });
  await backend(ids.bounded, { authorities: bounded.cert });
  await backend(ids.others, { authorities: others.cert });
  await backend(ids.principal, { authorities: people.cert, subject: "principal", loginName: "principal" });
  await backend(ids.stale, { authorities: people.cert, revocationLists: await people.list(-1) });
  const { authorities, take } = at.iam.certificateDoor;
  door = await createCertificateDoor({
    tls,
    hostNames: ["gate.test"],
    publicUrl: null,
    limits: { signIns: 10_000 },
    consolePort: at.port,
    authorities,
    take,
    log,
  });
  await door.listen({ host: "127.0.0.1", port: doorPort });
}, 60_000);
afterAll(async () => {
  await door?.close();
  await at?.close();
  await tls?.close();
  await test_?.close();
  for (const one of [people, others, below, bounded]) await one?.close();
  await rm(directory, { recursive: true, force: true });
});

const origin = () => `https://gate.test:${at.port}`;
const own = () => ({ origin: origin(), host: `gate.test:${at.port}` });

async function begin(id: string) {
  const reply = await at.ask("/api/sign-in/redirect", {
    tls: true,
    method: "POST",
    headers: own(),
    body: { backendId: id },
  });
  expect(reply.status).toBe(200);
  return {
    location: new URL(reply.json.location as string),
    cookie: String(reply.headers["set-cookie"]).split(";")[0] ?? "",
  };
}

const visit = (location: URL, how?: Visit) => visitDoor(doorPort, location, how);

const finish = (id: string, cookie: string, answer: Record<string, string>) =>
  at.ask("/api/sign-in/callback", {
    tls: true,
    method: "POST",
    headers: { ...own(), cookie },
    body: { backendId: id, answer },
  });

/** From the sign-in page through the door and back. */
async function signIn(id: string, pair: Pair | undefined, how: Omit<Visit, "pair"> = {}) {
  const { location, cookie } = await begin(id);
  const { status, to } = await visit(location, { pair, ...how });
  expect([status, to?.origin, to?.pathname]).toEqual([303, origin(), `/sign-in/callback/${id}`]);
  return finish(id, cookie, Object.fromEntries(to!.searchParams));
}

const identitiesOf = (backendId: string) =>
  test_.database.db.selectFrom("identity").select(["issuer", "subject"]).where("backend_id", "=", backendId).execute();

describe("a certificate that its authority issued", () => {
  test("signs in, by TLS 1.2 and 1.3; renewed, it is the same person", async () => {
    const first = await signIn(ids.plain, alice, { maxVersion: "TLSv1.2" });
    expect([first.status, first.json]).toMatchObject([
      200,
      { step: "done", me: { loginName: "alice", name: "alice" } },
    ]);
    const renewed = await people.issue({ subject: "/C=DE/O=Example, Inc/CN=alice" });
    expect((await signIn(ids.plain, renewed)).json).toMatchObject({ step: "done", me: { id: first.json.me.id } });
    const [identity, ...more] = await identitiesOf(ids.plain);
    expect(more).toEqual([]);
    expect(identity?.subject).toBe("name:CN=alice,O=Example\\, Inc,C=DE");
    expect(identity?.issuer).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  test("is another person than one of the same name elsewhere, and gets nobody's account by a name", async () => {
    const reply = await signIn(ids.others, await others.issue({ subject: "/C=DE/O=Example, Inc/CN=alice" }));
    expect([reply.status, reply.json.message]).toEqual([403, expect.stringContaining("belongs to another user")]);
  });

  test("is known by its user principal name where that is chosen; two of them are nobody", async () => {
    const upn = (name: string) => `otherName:1.3.6.1.4.1.311.20.2.3;UTF8:${name}`;
    const wish = (names: string) => [...PERSON, `subjectAltName=${names}`];
    const bob = await people.issue({
      subject: "/CN=Bob Example",
      extensions: wish(`${upn("bob@corp.test")},email:bob@example.org`),
    });
    const reply = await signIn(ids.principal, bob);
    expect(reply.json).toMatchObject({ step: "done", me: { loginName: "bob", name: "Bob Example" } });
    expect((await identitiesOf(ids.principal)).map(({ subject }) => subject)).toEqual(["principal:bob@corp.test"]);
    const both = wish(`${upn("bob@corp.test")},${upn("root@corp.test")}`);
    const two = await people.issue({ subject: "/CN=Bob Example", extensions: both });
    expect((await signIn(ids.principal, two)).status).toBe(401);
    expect((await signIn(ids.principal, alice)).status).toBe(401);
  });
});

describe("is refused", () => {
  const cases: Record<string, () => Promise<[Pair | undefined, RegExp, id?: string]>> = {
    "no certificate": async () => [undefined, /showed none/],
    "one of another authority of the same name": async () => [
      await others.issue({ subject: "/CN=alice" }),
      /authority is not trusted/,
    ],
    "one of an authority that another backend trusts": async () => [alice, /authority is not trusted/, ids.others],
    "an expired one": async () => [await people.issue({ subject: "/CN=alice", from: -9, until: -1 }), /has expired/],
    "one that is not valid yet": async () => [
      await people.issue({ subject: "/CN=alice", from: 1, until: 9 }),
      /not valid yet/,
    ],
    "one without a purpose": async () => [
      await people.issue({ subject: "/CN=alice", extensions: PERSON.slice(0, 2) }),
      /clientAuth/,
    ],
    "one for servers": async () => [
      await people.issue({ subject: "/CN=alice", extensions: [...PERSON.slice(0, 2), "extendedKeyUsage=serverAuth"] }),
      /clientAuth/,
    ],
    "one that a person's certificate signed": async () => {
      const leaf = await makeAuthority("leaf", { above: people, extensions: PERSON });
      const forged = await leaf.issue({ subject: "/CN=root" });
      await leaf.close();
      return [{ key: forged.key, cert: forged.cert + leaf.cert }, /authority is not trusted/];
    },
    "one of an authority below that was not named": async () => {
      const made = await below.issue({ subject: "/CN=alice" });
      return [{ key: made.key, cert: made.cert + below.cert }, /authority is not trusted/];
    },
    "the authority's own": async () => [{ cert: people.cert, key: people.key }, /belongs to an authority/],
    "an authority below, as a person": async () => [{ cert: below.cert, key: below.key }, /belongs to an authority/],
    "one outside of what its authority may name": async () => [
      await bounded.issue({ subject: "/CN=eve", extensions: [...PERSON, "subjectAltName=email:eve@evil.test"] }),
      /chain does not hold/,
      ids.bounded,
    ],
    "one with an extension that nobody understands": async () => [
      await people.issue({ subject: "/CN=alice", extensions: [...PERSON, "1.2.3.4=critical,ASN1:UTF8String:x"] }),
      /chain does not hold/,
    ],
    "one that is signed with SHA-1": async () => [
      await people.issue({ subject: "/CN=alice", digest: "sha1" }),
      /chain does not hold/,
    ],
    "one with a key of 1024 bits": async () => [
      await people.issue({ subject: "/CN=alice", rsa: 1024 }),
      /chain does not hold/,
    ],
    "any while the list of revoked ones is out of date": async () => [alice, /out of date/, ids.stale],
  };
  for (const [what, made] of Object.entries(cases)) {
    test(`${what}`, async () => {
      const [pair, words, id = ids.plain] = await made();
      const reply = await signIn(id, pair);
      expect([reply.status, reply.json.message]).toEqual([401, expect.stringMatching(words)]);
      expect(reply.headers["set-cookie"]).toBeUndefined();
    });
  }

  test("the same authority lets in whom it may name", async () => {
    const extensions = [...PERSON, "subjectAltName=email:zoe@example.org"];
    const zoe = await bounded.issue({ subject: "/CN=zoe", extensions });
    expect((await signIn(ids.bounded, zoe)).json).toMatchObject({ step: "done" });
  });

  test("one that its authority took back", async () => {
    const [carol, dave] = [await people.issue({ subject: "/CN=carol" }), await people.issue({ subject: "/CN=dave" })];
    await people.revoke(carol);
    await backend(ids.listed, { authorities: people.cert, revocationLists: await people.list() });
    expect((await signIn(ids.listed, carol)).json.message).toMatch(/took it back/);
    expect((await signIn(ids.listed, dave)).json).toMatchObject({ step: "done" });
  });
});

describe("what a handshake proved", () => {
  test("counts once, and only for the browser that began", async () => {
    const [mine, theirs] = [await begin(ids.plain), await begin(ids.plain)];
    const shown = await visit(mine.location, { pair: alice });
    const answer = Object.fromEntries(shown.to!.searchParams);
    expect(answer.certificate).toMatch(/^[\w-]{43}$/);
    expect((await finish(ids.plain, "", answer)).status).toBe(401);
    expect((await finish(ids.plain, theirs.cookie, answer)).status).toBe(401);
    expect((await finish(ids.plain, mine.cookie, answer)).json).toMatchObject({ step: "done" });
    expect((await finish(ids.plain, mine.cookie, answer)).status).toBe(401);
    expect((await visit(mine.location, { pair: alice })).to?.search).toBe("?certificate=none");
  });

  test("is of no use to whoever began a sign-in and let somebody else show a certificate for it", async () => {
    const { location, cookie } = await begin(ids.plain);
    expect((await visit(location, { pair: alice })).status).toBe(303);
    for (const certificate of ["none", "x".repeat(43), location.searchParams.get("relay") ?? ""]) {
      expect((await finish(ids.plain, cookie, { certificate })).status).toBe(401);
    }
  });

  test("is asked for once: a second visit with another certificate changes nothing", async () => {
    const { location, cookie } = await begin(ids.plain);
    const first = await visit(location, { pair: await others.issue({ subject: "/CN=eve" }) });
    expect((await visit(location, { pair: alice })).to?.search).toBe("?certificate=none");
    expect((await finish(ids.plain, cookie, Object.fromEntries(first.to!.searchParams))).status).toBe(401);
  });

  test("is not what somebody posts, writes into a header or puts into the address", async () => {
    const { location, cookie } = await begin(ids.plain);
    const relay = location.searchParams.get("relay") ?? "";
    const text = new X509Certificate(alice.cert).raw.toString("base64");
    const answer = JSON.stringify({ certificate: text, problem: null });
    const posted = await at.ask("/api/sign-in/posted", {
      tls: true,
      method: "POST",
      headers: own(),
      body: { backendId: ids.plain, relay, answer },
    });
    expect(posted.status).toBe(401);
    const form = await at.ask(`/sign-in/callback/${ids.plain}`, {
      tls: true,
      method: "POST",
      headers: { ...own(), "content-type": "application/x-www-form-urlencoded" },
      raw: new URLSearchParams({ RelayState: relay, SAMLResponse: answer }).toString(),
    });
    expect(form.headers.location).toContain("saml=none");
    const headers = {
      "x-client-cert": encodeURIComponent(alice.cert),
      "x-ssl-client-cert": encodeURIComponent(alice.cert),
      "ssl-client-verify": "SUCCESS",
      "x-forwarded-client-cert": `Cert="${encodeURIComponent(alice.cert)}"`,
      "client-cert": `:${text}:`,
    };
    expect((await signIn(ids.plain, undefined, { headers })).json.message).toMatch(/showed none/);
    expect((await finish(ids.plain, cookie, { posted: answer })).status).toBe(401);
  });

  test.each(["TLSv1.2", "TLSv1.3"] as const)("is proved anew at each visit: %s resumes nothing", async (maxVersion) => {
    const { session } = await visit((await begin(ids.plain)).location, { pair: alice, maxVersion });
    expect(session).toBeDefined();
    const reply = await signIn(ids.plain, undefined, { session, maxVersion });
    expect(reply.json.message).toMatch(/showed none/);
  });

  test("counts as long as the backend trusts the authority", async () => {
    const id = newId();
    await backend(id, { authorities: people.cert });
    const { location, cookie } = await begin(id);
    const shown = await visit(location, { pair: alice });
    const settings = JSON.stringify({ authorities: others.cert });
    await test_.database.db.updateTable("sign_in_backend").set({ settings }).where("id", "=", id).execute();
    const reply = await finish(id, cookie, Object.fromEntries(shown.to!.searchParams));
    expect(reply.json.message).toMatch(/authority is not trusted/);
  });
});

describe("the door", () => {
  test("serves one address, under our own names, not for links of other sites", async () => {
    const { location } = await begin(ids.plain);
    for (const path of ["/", "/api/sign-in/ways", "/healthz", "/sign-in/callback/x"]) {
      expect((await visit(location, { pair: alice, path })).status).toBe(404);
    }
    expect((await visit(location, { pair: alice, headers: { host: `evil.test:${doorPort}` } })).status).toBe(403);
    expect((await visit(location, { pair: alice, headers: { host: "gate.test:1" } })).status).toBe(403);
    expect((await visit(location, { pair: alice, headers: { "sec-fetch-site": "cross-site" } })).status).toBe(403);
    const odd = await visit(location, { path: "/sign-in/certificate/..%2f..%2fevil?relay=x" });
    expect([odd.to?.origin, odd.to?.pathname]).toEqual([origin(), "/sign-in/callback/..%2F..%2Fevil"]);
  });

  test("asks for certificates of the authorities in force", async () => {
    const late = await makeAuthority("Late");
    const id = newId();
    const pair = await late.issue({ subject: "/CN=late" });
    await backend(id, { authorities: late.cert });
    await door.look();
    expect((await signIn(id, pair)).json).toMatchObject({ step: "done" });
    await late.close();
  });

  test("sends browsers to the public address, under its name only", async () => {
    const { authorities, take } = at.iam.certificateDoor;
    const names = { hostNames: ["gate.test"], publicUrl: "https://gate.test", limits: { signIns: 100 } };
    const public_ = await createCertificateDoor({ ...names, consolePort: at.port, tls, authorities, take, log });
    const { port } = await public_.listen({ host: "127.0.0.1", port: 0 });
    const { location } = await begin(ids.plain);
    expect((await visit(location, { port, headers: { host: "evil.test" } })).status).toBe(403);
    expect((await visit(location, { port, pair: alice })).to?.origin).toBe("https://gate.test");
    await public_.close();
  });

  test("counts visits with the tries to sign in", async () => {
    const { authorities, take } = at.iam.certificateDoor;
    const few = { hostNames: ["gate.test"], publicUrl: null, limits: { signIns: 2 }, consolePort: at.port };
    const strict = await createCertificateDoor({ ...few, tls, authorities, take, log });
    const { port } = await strict.listen({ host: "127.0.0.1", port: 0 });
    const statuses: number[] = [];
    for (let tries = 0; tries < 3; tries++) {
      const headers = { host: `gate.test:${port}` };
      const to = { host: "127.0.0.1", port, path: "/sign-in/certificate/x", headers, rejectUnauthorized: false };
      const status = new Promise<number>((resolve, reject) => {
        request({ ...to, agent: false }, (answer) => resolve(answer.resume().statusCode ?? 0))
          .on("error", reject)
          .end();
      });
      statuses.push(await status);
    }
    await strict.close();
    expect(statuses).toEqual([303, 303, 429]);
  });

  test("is where it was opened only: without it the way is neither shown nor begun", async () => {
    const without = await startHttp({ database: test_.database, directory });
    const headers = { origin: `http://gate.test:${without.port}`, host: `gate.test:${without.port}` };
    const { json } = await without.ask("/api/sign-in/ways", { headers });
    expect(json.ways).toEqual([]);
    const body = { backendId: ids.plain };
    const reply = await without.ask("/api/sign-in/redirect", { method: "POST", headers, body });
    expect([reply.status, reply.json.message]).toEqual([409, expect.stringContaining("--client-certificates")]);
    await without.close();
    const here = await at.ask("/api/sign-in/ways", { tls: true, headers: own() });
    expect(here.json.ways.map(({ kind }: { kind: string }) => kind)).toContain("certificate");
  });
});
