import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Door, openDoor } from "../../../test/security/door.ts";
import { fresh, ORIGIN, webWays } from "../../../test/security/web-ways.ts";
import { startOidcProvider } from "../../../test/support/providers/oidc.ts";
import { type Actor, type Delivery, Fault, newId } from "../../core/index.ts";
import { userOfIdentity } from "../login/outside.ts";
import * as schema from "../schema.ts";

const SECRET = "right-secret-of-the-gate";
const PASSWORD = "correct horse battery";
const people = {
  alice: { sub: "subject-of-alice", name: "Alice", preferred_username: "alice@corp.test" },
  mallory: { sub: "subject-of-mallory", name: "Mallory", preferred_username: "mallory" },
};
const [backendId, otherId] = [newId(), newId()];
let door: Door;
let web: ReturnType<typeof webWays>;
let provider: Awaited<ReturnType<typeof startOidcProvider>>;
let admin: Actor;

beforeAll(async () => {
  door = await openDoor({ max: 20 });
  web = webWays(door);
  admin = await door.person("root-admin", { roles: ["administrator", "system-administrator"] });
  const callbacks = [backendId, otherId].map((id) => `${ORIGIN}/sign-in/callback/${id}`);
  provider = await startOidcProvider({
    people,
    clients: [{ client_id: "gate", client_secret: SECRET, redirect_uris: callbacks }],
  });
  const settings = { issuer: provider.issuer, ca: provider.ca, clientId: "gate" };
  const options = { secrets: { clientSecret: SECRET }, createsUsers: false };
  await web.backend("oidc", settings, { ...options, id: backendId, name: "The provider" });
  await web.backend("oidc", settings, { ...options, id: otherId, name: "The other way" });
});
beforeEach(async () => {
  await sql`delete from identity`.execute(door.db);
  await sql`delete from awaited_identity`.execute(door.db);
});
afterAll(async () => {
  await provider?.close();
  await door?.close();
});

let count = 0;
/** A new user with a password who has just signed in with it: their console cookie. */
async function member(): Promise<{ id: string; loginName: string; token: string }> {
  const loginName = `member-${++count}`;
  const { id } = await door.call(admin, schema.createUser, { loginName, name: loginName, password: PASSWORD });
  return { id, loginName, token: await enter(loginName) };
}

async function enter(loginName: string): Promise<string> {
  const actor = await door.iam.identify({ token: null, address: fresh(), via: "console", origin: ORIGIN });
  const deliveries: Delivery[] = [];
  await door.call(actor, schema.signIn, { loginName, password: PASSWORD }, (one) => deliveries.push(one));
  return deliveries.flatMap((one) => (one.kind === "sign-in" ? [one.token] : []))[0] ?? "";
}

/** Leaves for the provider to link it; the browser then holds both cookies. */
async function beginLink(token: string, id = backendId) {
  const deliveries: Delivery[] = [];
  const actor = await web.identify({ token });
  const { location } = await door.call(actor, schema.linkMyIdentity, { backendId: id }, (one) => deliveries.push(one));
  const attempt = deliveries.flatMap((one) => (one.kind === "attempt" ? [one.token] : []))[0] ?? "";
  return { location, attempt };
}

const comeBack = async (
  cookies: { token?: string; attempt?: string },
  answer: Record<string, string>,
  id = backendId,
) => door.call(await web.identify(cookies), schema.finishRedirect, { backendId: id, answer });

async function link(token: string, login: keyof typeof people, id = backendId) {
  const { location, attempt } = await beginLink(token, id);
  return comeBack({ token, attempt }, await web.at(location, { login }), id);
}

async function signInThere(login: keyof typeof people, id = backendId) {
  const { location, attempt } = await web.begin(id);
  return web.finish(id, attempt, await web.at(location, { login }));
}

const refusal = (work: Promise<unknown>): Promise<Fault> =>
  work.then(
    () => Promise.reject(new Error("let in")),
    (error: unknown) => (error instanceof Fault ? error : Promise.reject(error)),
  );

describe("linking oneself", () => {
  test("is an act of somebody signed in; afterwards the provider is a way in", async () => {
    const { id, token } = await member();
    expect((await refusal(signInThere("alice"))).code).toBe("denied");
    expect(await link(token, "alice")).toMatchObject({ step: "done", me: { id }, returnTo: "/me" });
    const actor = await web.identify({ token });
    const { items } = await door.call(actor, schema.listMyIdentities, {});
    expect(items).toMatchObject([
      { backend: { name: "The provider" }, subject: "subject-of-alice", shownName: "alice@corp.test" },
    ]);
    const { token: there } = await signInThere("alice");
    expect((await web.identify({ token: there })).id).toBe(id);
    expect((await door.events("sign-in.callback")).at(-2)).toMatchObject({
      actor_id: id,
      fields: { linked: "The provider" },
    });
  });

  test("asks for a proof afresh: a session taken over an hour after the password links nothing", async () => {
    const { token } = await member();
    await sql`update console_session set password_at = now() - interval '1 hour' where token_hash = sha256(${token}::bytea)`.execute(
      door.db,
    );
    expect((await refusal(beginLink(token))).code).toBe("unconfirmed");
    const actor = await web.identify({ token });
    expect((await refusal(door.call(actor, schema.unlinkMyIdentity, { id: newId() }))).code).toBe("unconfirmed");
  });

  test("ends in the session that began it: not without it, not in another's, not in another of one's own", async () => {
    const victim = await member();
    const thief = await member();
    for (const cookies of [{}, { token: victim.token }, { token: await enter(thief.loginName) }]) {
      const { location, attempt } = await beginLink(thief.token);
      const answer = await web.at(location, { login: "mallory" });
      expect((await refusal(comeBack({ ...cookies, attempt }, answer))).code).toBe("unauthenticated");
    }
    expect(await door.db.selectFrom("identity").selectAll().execute()).toEqual([]);
  });

  test("the attempt that it makes signs nobody in: no step of a sign-in takes it", async () => {
    const { token } = await member();
    const { attempt } = await beginLink(token);
    const actor = await web.identify({ attempt });
    expect(await door.call(actor, schema.readSignInStep, {})).toEqual({ step: "first" });
    expect((await refusal(door.call(actor, schema.answerFactor, { kind: "totp", answer: "123456" }))).code).toBe(
      "unauthenticated",
    );
  });

  test("what is linked to one user is not linked to another", async () => {
    const [one, two] = [await member(), await member()];
    await link(one.token, "alice");
    expect((await refusal(link(two.token, "alice"))).code).toBe("conflict");
    const rows = await door.db.selectFrom("identity").select("user_id").execute();
    expect(rows).toEqual([{ user_id: one.id }]);
  });
});

describe("unlinking oneself", () => {
  const identityOf = async (token: string): Promise<string[]> => {
    const { items } = await door.call(await web.identify({ token }), schema.listMyIdentities, {});
    return items.map(({ id }) => id);
  };
  const unlink = async (token: string, id: string) =>
    door.call(await web.identify({ token }), schema.unlinkMyIdentity, { id });

  test("works while there is another way in, and never removes the last", async () => {
    const { id, token } = await member();
    await link(token, "alice");
    await link(token, "alice", otherId);
    await sql`update users set password_hash = null where id = ${id}`.execute(door.db);
    const [first = "", second = ""] = await identityOf(token);
    await unlink(token, first);
    expect((await refusal(unlink(token, second))).code).toBe("conflict");
    await sql`update sign_in_backend set active = false where id = ${backendId}`.execute(door.db);
    await sql`insert into identity (id, backend_id, issuer, subject, user_id) values (${newId()}, ${backendId}, 'i', 's', ${id})`.execute(
      door.db,
    );
    expect((await refusal(unlink(token, second))).code).toBe("conflict");
    await sql`update sign_in_backend set active = true where id = ${backendId}`.execute(door.db);
    await unlink(token, second);
  });

  test("two at once leave one", async () => {
    const { id, token } = await member();
    await link(token, "alice");
    await link(token, "alice", otherId);
    await sql`update users set password_hash = null where id = ${id}`.execute(door.db);
    const ends = await Promise.all((await identityOf(token)).map((one) => door.codeOf(unlink(token, one))));
    expect(ends.toSorted()).toEqual(["conflict", "ok"]);
  });

  test("is for one's own links only, and ends the sessions that came by it", async () => {
    const [one, two] = [await member(), await member()];
    await link(one.token, "alice");
    const [mine = ""] = await identityOf(one.token);
    expect((await refusal(unlink(two.token, mine))).code).toBe("not_found");
    const { token: there } = await signInThere("alice");
    await unlink(one.token, mine);
    expect((await web.identify({ token: there })).kind).toBe("anonymous");
    expect((await web.identify({ token: one.token })).kind).toBe("person");
  });
});

describe("an administrator", () => {
  const linkAlice = (by: Actor, id: string) =>
    door.call(by, schema.linkUserIdentity, { id, backendId, issuer: provider.issuer, subject: "subject-of-alice" });

  test("links by issuer and subject, sees and removes it", async () => {
    const { id } = await member();
    const made = await linkAlice(admin, id);
    expect(made).toMatchObject({ issuer: provider.issuer, subject: "subject-of-alice", usedAt: null });
    const { token } = await signInThere("alice");
    expect((await web.identify({ token })).id).toBe(id);
    expect((await refusal(linkAlice(admin, (await member()).id))).code).toBe("conflict");
    await door.call(admin, schema.unlinkUserIdentity, { id, identityId: made.id });
    expect((await web.identify({ token })).kind).toBe("anonymous");
    expect((await refusal(signInThere("alice"))).code).toBe("denied");
  });

  test("lets somebody be linked at their next sign-in, by their subject there, once", async () => {
    const { id } = await member();
    await door.call(admin, schema.awaitUserIdentity, { id, backendId, outsideName: "subject-of-alice" });
    expect((await door.call(admin, schema.listAwaitedIdentities, { id })).items).toHaveLength(1);
    expect((await refusal(signInThere("alice", otherId))).code).toBe("denied");
    expect((await refusal(signInThere("mallory"))).code).toBe("denied");
    const { token } = await signInThere("alice");
    expect((await web.identify({ token })).id).toBe(id);
    expect((await door.call(admin, schema.listAwaitedIdentities, { id })).items).toEqual([]);
    expect((await door.call(admin, schema.listUserIdentities, { id })).items).toMatchObject([
      { subject: "subject-of-alice" },
    ]);
  });

  test("a name that people may choose at the provider links nobody, nor does a subject that is written otherwise", async () => {
    const { id } = await member();
    for (const outsideName of ["alice@corp.test", "Alice", "SUBJECT-OF-ALICE"]) {
      await door.call(admin, schema.awaitUserIdentity, { id, backendId, outsideName });
      expect((await refusal(signInThere("alice"))).code).toBe("denied");
    }
    expect((await door.call(admin, schema.listAwaitedIdentities, { id })).items).toHaveLength(3);
  });

  test("in a directory the login name is what is awaited, and the subject is none", async () => {
    const { id } = await member();
    const directory = {
      id: otherId,
      name: "A directory",
      orgId: null,
      createsUsers: false,
      entry: { flow: "form" },
    } as const;
    const ann = {
      issuer: "ldap:dc=x",
      subject: "entry-of-ann",
      loginName: "Ann",
      name: "Ann",
      email: null,
      groups: [],
    };
    const expectAnn = (outsideName: string) =>
      door.call(admin, schema.awaitUserIdentity, { id, backendId: otherId, outsideName });
    await expectAnn("entry-of-ann");
    expect((await refusal(userOfIdentity(door.db, directory, ann))).code).toBe("denied");
    await expectAnn("ANN");
    expect(await userOfIdentity(door.db, directory, ann)).toBe(id);
  });

  test("what is awaited ends: by its date, and when it is taken back", async () => {
    const { id } = await member();
    const awaited = await door.call(admin, schema.awaitUserIdentity, {
      id,
      backendId,
      outsideName: "subject-of-alice",
    });
    expect(
      (
        await refusal(
          door.call(admin, schema.awaitUserIdentity, {
            id: (await member()).id,
            backendId,
            outsideName: "SUBJECT-of-alice",
          }),
        )
      ).code,
    ).toBe("conflict");
    await sql`update awaited_identity set created_at = now() - interval '8 days', expires_at = now() - interval '1 day'`.execute(
      door.db,
    );
    expect((await refusal(signInThere("alice"))).code).toBe("denied");
    expect((await door.call(admin, schema.listAwaitedIdentities, { id })).items).toEqual([]);
    expect(awaited.id).toBeTruthy();
    const again = await door.call(admin, schema.awaitUserIdentity, { id, backendId, outsideName: "subject-of-alice" });
    await door.call(admin, schema.forgetAwaitedIdentity, { id, identityId: again.id });
    expect((await refusal(signInThere("alice"))).code).toBe("denied");
  });

  test("never links whoever holds more, whoever is also elsewhere, nor himself", async () => {
    const lesser = await door.person(`lesser-${newId()}`);
    const permissions = new Set([
      "user.identity.link",
      "user.identity.await",
      "user.identity.unlink",
      "user.identity.forget",
    ]);
    const operator: Actor = { ...lesser, permissions };
    const tries = (id: string) => [
      () => linkAlice(operator, id),
      () => door.call(operator, schema.awaitUserIdentity, { id, backendId, outsideName: "subject-of-alice" }),
      () => door.call(operator, schema.unlinkUserIdentity, { id, identityId: newId() }),
      () => door.call(operator, schema.forgetAwaitedIdentity, { id, identityId: newId() }),
    ];
    for (const attempt of tries(admin.id ?? "")) expect((await refusal(attempt())).code).toBe("denied");
    const { id } = await member();
    const elsewhere = await door.organization(`Elsewhere ${newId()}`);
    await door.person("x", { id, orgId: elsewhere });
    for (const attempt of tries(id)) expect((await refusal(attempt())).code).toBe("denied");
    for (const attempt of tries(operator.id ?? "")) expect((await refusal(attempt())).code).toBe("denied");
  });

  test("of one organization links nobody: what a backend's groups give reaches into others", async () => {
    const { id } = await member();
    const ofOne = await door.person(`of-one-${newId()}`, { roles: ["administrator"] });
    const tries = [
      linkAlice(ofOne, id),
      door.call(ofOne, schema.awaitUserIdentity, { id, backendId, outsideName: "alice@corp.test" }),
    ];
    expect(await Promise.all(tries.map((work: Promise<unknown>) => door.codeOf(work)))).toEqual(["denied", "denied"]);
    expect((await refusal(signInThere("alice"))).code).toBe("denied");
  });

  test("proves anew who he is before he gives somebody another way in", async () => {
    const { id } = await member();
    const anHourAgo = new Date(Date.now() - 3_600_000);
    const idle: Actor = { ...admin, proved: { signIn: anHourAgo, password: anHourAgo, secondFactor: null } };
    const tries = [
      linkAlice(idle, id),
      door.call(idle, schema.awaitUserIdentity, { id, backendId, outsideName: "alice@corp.test" }),
    ];
    expect(await Promise.all(tries.map((work: Promise<unknown>) => door.codeOf(work)))).toEqual([
      "unconfirmed",
      "unconfirmed",
    ]);
  });

  test("reaches nobody of another organization", async () => {
    const elsewhere = await door.organization(`Far ${newId()}`);
    const stranger = await door.person(`stranger-${newId()}`, { orgId: elsewhere });
    expect((await refusal(linkAlice(admin, stranger.id))).code).toBe("not_found");
    expect((await refusal(door.call(admin, schema.listUserIdentities, { id: stranger.id }))).code).toBe("not_found");
  });
});

test("in SQL: an identity is of one user, and what is awaited does not wait longer than a month", async () => {
  const { id } = await member();
  const row = (subject: string) =>
    sql`insert into identity (id, backend_id, issuer, subject, user_id) values (${newId()}, ${backendId}, 'i', ${subject}, ${id})`.execute(
      door.db,
    );
  await row("same");
  await expect(row("same")).rejects.toThrow("identity_is_of_one_user");
  await expect(
    sql`insert into awaited_identity (id, backend_id, outside_name, user_id, expires_at) values (${newId()}, ${backendId}, 'x', ${id}, now() + interval '31 days')`.execute(
      door.db,
    ),
  ).rejects.toThrow("awaited_identity_is_bounded_in_time");
});
