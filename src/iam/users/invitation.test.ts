import { setTimeout as pause } from "node:timers/promises";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Door, guest, openDoor } from "../../../test/security/door.ts";
import { MAIL_USER, type MailServer, startMailServer } from "../../../test/support/smtp.ts";
import { type Actor, type Delivery, newId } from "../../core/index.ts";
import { readSettings, updateSettings } from "../../platform/schema.ts";
import {
  acceptInvitation,
  createUser,
  inviteUser,
  readInvitation,
  readUser,
  removeMember,
  revokeInvitation,
  updateUser,
} from "../schema.ts";

const ORIGIN = "https://gate.example.org";
const password = "a password of one's own";
let door: Door;
let admin: Actor & { id: string; orgId: string };
let server: MailServer;
let working: { stop(): Promise<void> };

beforeAll(async () => {
  door = await openDoor();
  admin = {
    ...(await door.person("inviter", { roles: ["administrator", "system-administrator"] })),
    origin: ORIGIN,
  };
  server = await startMailServer();
});
afterAll(async () => {
  await working?.stop();
  await server.stop();
  await door.close();
});

let count = 0;
const invited = async () => {
  const name = `invited-${++count}`;
  return door.call(admin, createUser, { loginName: name, name, email: `${name}@example.org`, invite: true });
};

const minuteLater = (id: string) =>
  sql`update reset_mailed set at = at - interval '61 seconds' where user_id = ${id}`.execute(door.db);

/** The token of the newest mail to the user. */
async function tokenFor(email: string | null, after = 0): Promise<string> {
  for (let turn = 0; turn < 200; turn++) {
    const mails = server.received.filter(({ text = "" }) => text.includes(`login name is ${email?.split("@")[0]}.`));
    const link = /https:\/\/gate\.example\.org\/invite#(\S+)/.exec(mails.at(after)?.text ?? "");
    if (link?.[1]) return link[1];
    await pause(50);
  }
  throw new Error("No mail came");
}

describe("invitations", () => {
  test("are refused while mail is not set up, without an address, and outside the console", async () => {
    const bare = { loginName: "bare", name: "Bare", invite: true };
    expect(await door.codeOf(door.call(admin, createUser, { ...bare, email: "a@example.org" }))).toBe("conflict");
    expect(await door.codeOf(door.call(admin, createUser, bare))).toBe("invalid");
    expect(
      await door.codeOf(door.call({ ...admin, origin: null }, createUser, { ...bare, email: "a@example.org" })),
    ).toBe("invalid");
    const { version } = await door.call(admin, readSettings, { key: "mail" });
    const values = {
      host: "localhost",
      port: server.port,
      user: MAIL_USER.user,
      password: MAIL_USER.password,
      fromAddress: "gate@example.org",
      caCertificate: server.certificate,
    };
    await door.call(admin, updateSettings, { key: "mail", version, values });
    working = await door.platform.work({ ...door.iam.work, receiverOf: door.receiverOf });
  });

  test("a person chooses a password with the link, once, and goes on with the way in", async () => {
    const user = await invited();
    expect(user.invitedUntil).not.toBeNull();
    const token = await tokenFor(user.email);
    expect(await door.call(guest(), readInvitation, { token })).toMatchObject({
      loginName: user.loginName,
      organization: "Default",
    });
    const deliveries: Delivery[] = [];
    const step = await door.call(guest(), acceptInvitation, { token, password }, (one) => deliveries.push(one));
    expect(step).toMatchObject({ step: "done", me: { loginName: user.loginName } });
    expect(deliveries.map(({ kind }) => kind)).toEqual(["sign-in"]);
    expect(await door.codeOf(door.call(guest(), acceptInvitation, { token, password }))).toBe("denied");
    expect(await door.codeOf(door.call(guest(), readInvitation, { token }))).toBe("denied");
    expect(await door.codeOf(door.call(admin, inviteUser, { id: user.id }))).toBe("conflict");
  });

  test("a directory's user gets a password only from who may set passwords", async () => {
    const { id } = await invited();
    const [backend, identity] = [newId(), newId()];
    await sql`insert into sign_in_backend (id, kind, name, settings) values (${backend}, 'ldap', ${backend}, '{}')`.execute(
      door.db,
    );
    await sql`insert into identity (id, backend_id, user_id, issuer, subject, shown_name)
      values (${identity}, ${backend}, ${id}, 'i', 's', 'n')`.execute(door.db);
    const permissions = new Set([...admin.permissions].filter((name) => name !== "user.password"));
    const clerk = { ...admin, permissions };
    expect(await door.codeOf(door.call(clerk, inviteUser, { id }))).toBe("denied");
    await sql`delete from reset_mailed`.execute(door.db);
    expect(await door.codeOf(door.call(admin, inviteUser, { id }))).toBe("ok");
  });

  test("of two who use a link at once, one comes in", async () => {
    const user = await invited();
    const token = await tokenFor(user.email);
    const use = () => door.codeOf(door.call(guest(), acceptInvitation, { token, password }));
    expect((await Promise.all([use(), use()])).toSorted()).toEqual(["denied", "ok"]);
  });

  test("a second factor that is forced is asked for before the session", async () => {
    const user = await door.call(admin, createUser, {
      loginName: "forced",
      name: "Forced",
      email: "forced@example.org",
      secondFactor: "forced",
      invite: true,
    });
    const token = await tokenFor(user.email);
    const deliveries: Delivery[] = [];
    const step = await door.call(guest(), acceptInvitation, { token, password }, (one) => deliveries.push(one));
    expect(step.step).toBe("enrol");
    expect(deliveries.map(({ kind }) => kind)).toEqual(["attempt"]);
  });

  test("is void when replaced, taken back, too old, or when address, state or membership change; always in the same words", async () => {
    const words = async (token: string): Promise<string> => {
      const error: unknown = await door
        .call(guest(), acceptInvitation, { token, password })
        .catch((one: unknown) => one);
      return error instanceof Error ? error.message : "it was accepted";
    };
    const uniform = await words("x".repeat(43));
    const spoilers: ((user: { id: string; version: number }) => Promise<unknown>)[] = [
      async ({ id }) => {
        await minuteLater(id);
        return door.call(admin, inviteUser, { id });
      },
      ({ id }) => door.call(admin, revokeInvitation, { id }),
      ({ id }) =>
        sql`update mailed_token set expires_at = now() - interval '1 second' where user_id = ${id}`.execute(door.db),
      ({ id, version }) => door.call(admin, updateUser, { id, version, email: "new@example.org" }),
      ({ id, version }) => door.call(admin, updateUser, { id, version, active: false }),
      ({ id, version }) => door.call(admin, updateUser, { id, version, expiresAt: "2020-01-01T00:00:00Z" }),
      async ({ id }) => {
        await door.person("x", { orgId: await door.organization(`Other ${id}`), id });
        return door.call(admin, removeMember, { id });
      },
    ];
    for (const spoil of spoilers) {
      const user = await invited();
      const token = await tokenFor(user.email);
      await spoil(user);
      expect(await words(token)).toBe(uniform);
    }
    expect(uniform).toContain("link");
  }, 30_000);

  test("one a minute is mailed to a person; until then the link that is there stays", async () => {
    const user = await invited();
    const token = await tokenFor(user.email);
    const other = await invited();
    const again = () => door.codeOf(door.call(admin, inviteUser, { id: user.id }));
    expect((await Promise.all([again(), again(), again()])).toSorted()).toEqual(["conflict", "conflict", "conflict"]);
    expect(await door.call(guest(), readInvitation, { token })).toMatchObject({ loginName: user.loginName });
    await minuteLater(user.id);
    expect((await Promise.all([again(), again(), again()])).toSorted()).toEqual(["conflict", "conflict", "ok"]);
    expect(await door.codeOf(door.call(admin, inviteUser, { id: other.id }))).toBe("conflict");
    expect(await tokenFor(user.email, 1)).not.toBe(token);
  });

  test("the token lies nowhere but in the mail", async () => {
    const user = await invited();
    const token = await tokenFor(user.email);
    const rows = await sql<{ text: string }>`
      select t::text as text from mailed_token t union all select n::text from notification n
      union all select e::text from audit_event e`.execute(door.db);
    expect(rows.rows.filter(({ text }) => text.includes(token))).toEqual([]);
    expect(JSON.stringify(await door.call(admin, readUser, { id: user.id }))).not.toContain(token);
  });

  test("nobody invites somebody who holds more: the link would be theirs to use", async () => {
    const permissions = ["user.invite", "user.update", "user.create"];
    await door.db.insertInto("role").values({ id: "inviter", name: "Inviter", permissions }).execute();
    const clerk = { ...(await door.person("invite-clerk", { roles: ["inviter"] })), origin: ORIGIN };
    const strong = await door.call(admin, createUser, {
      loginName: "strong",
      name: "S",
      email: "s@example.org",
      roles: ["auditor"],
    });
    expect(await door.codeOf(door.call(clerk, inviteUser, { id: strong.id }))).toBe("denied");
    const noInvite: Actor = { ...clerk, permissions: new Set(["user.create"]) };
    const wish = { loginName: "sneaky", name: "S", email: "x@example.org", roles: [], invite: true };
    expect(await door.codeOf(door.call(noInvite, createUser, wish))).toBe("denied");
  });
});
