import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Door, guest, openDoor } from "../../../test/security/door.ts";
import { BASE, personLdif, READER, type Slapd, startSlapd } from "../../../test/support/slapd.ts";
import { type Actor, newId } from "../../core/index.ts";
import { listMyJobResults, readMyJob } from "../../platform/schema.ts";
import { DEFAULT_ORGANIZATION } from "../index.ts";
import {
  addBackendMapping,
  createSignInBackend,
  readSignInBackend,
  signIn,
  syncSignInBackend,
  updateSignInBackend,
} from "../schema.ts";

let door: Door;
let slapd: Slapd;
let admin: Actor;
let working: { stop(): Promise<void> };

beforeAll(async () => {
  [door, slapd] = await Promise.all([openDoor(), startSlapd()]);
  admin = await door.person("admin", { roles: ["administrator", "system-administrator"] });
  working = await door.platform.work({ ...door.iam.work, receiverOf: async () => null });
}, 60_000);
afterAll(async () => {
  await working?.stop();
  await slapd?.stop();
  await door?.close();
}, 30_000);

const dnOf = (ou: string, uid: string): string => `uid=${uid},ou=${ou},${BASE}`;

/** A branch of the directory of its own, and a backend that reads it. */
async function branch(people: readonly string[], settings: object = {}) {
  const ou = `b${newId().slice(-8)}`;
  await slapd.change(
    [`dn: ou=${ou},${BASE}\nobjectClass: organizationalUnit\nou: ${ou}\n`, ...people.map((ldif) => at(ou, ldif))].join(
      "\n",
    ),
  );
  const backend = await door.call(admin, createSignInBackend, {
    kind: "ldap",
    name: `Directory ${ou}`,
    active: true,
    orgId: DEFAULT_ORGANIZATION,
    createsUsers: true,
    settings: {
      servers: [slapd.url],
      caCertificate: slapd.certificate,
      bindDn: READER.dn,
      bindPassword: READER.password,
      bases: [`ou=${ou},${BASE}`],
      userFilter: "(&(objectClass=inetOrgPerson)(uid={login}))",
      ...settings,
    },
  });
  return { ou, backend };
}

const at = (ou: string, ldif: string): string => ldif.replaceAll(`ou=people,`, `ou=${ou},`);

async function sync(id: string, preview = false) {
  const { jobId } = await door.call(admin, syncSignInBackend, { id, preview });
  const end = Date.now() + 20_000;
  for (;;) {
    const job = await door.call(admin, readMyJob, { id: jobId });
    if (job.endedAt) {
      const { items } = await door.call(admin, listMyJobResults, { id: jobId, limit: 200 });
      return {
        ...job,
        rows: Object.fromEntries(items.map(({ subject, outcome, message }) => [subject, { outcome, message }])),
      };
    }
    if (Date.now() > end) throw new Error(`The job did not end: ${JSON.stringify(door.said)}`);
    await pause(50);
  }
}

const userOf = (loginName: string) =>
  door.db
    .selectFrom("users")
    .select(["id", "name", "email", "active", "disabled_reason as reason"])
    .where("login_name", "=", loginName)
    .executeTakeFirst();

describe("a sync with a directory", () => {
  test("shows first what it would do and changes nothing; then does that", async () => {
    const { backend } = await branch([personLdif("s1", { more: "mail: s1@example.org\n" }), personLdif("s2")]);
    const preview = await sync(backend.id, true);
    expect(preview).toMatchObject({
      state: "done",
      message: "2 read: 2 would be created, 0 changed, 0 disabled, 0 failed.",
    });
    expect(preview.rows.s1).toEqual({ outcome: "ok", message: "Created" });
    expect(await userOf("s1")).toBeUndefined();
    expect((await door.call(admin, readSignInBackend, { id: backend.id })).syncedAt).toBeNull();
    expect(await sync(backend.id)).toMatchObject({ message: "2 read: 2 created, 0 changed, 0 disabled, 0 failed." });
    expect(await userOf("s1")).toMatchObject({ name: "S1 Person", email: "s1@example.org", active: true });
    expect(await userOf("s2")).toMatchObject({ email: null });
    expect(await sync(backend.id)).toMatchObject({
      message: "2 read: 0 created, 0 changed, 0 disabled, 0 failed.",
      rows: {},
    });
    expect(await door.events("sign-in-backend.sync.user")).toHaveLength(2);
    expect((await door.call(admin, readSignInBackend, { id: backend.id })).identities).toBe(2);
    const step = await door.call(guest(), signIn, { loginName: "s1", password: "s1-password" });
    expect(step).toMatchObject({ step: "done", me: { loginName: "s1" } });
  });

  test("takes over nobody of the same name, says how to link, and goes on with the others", async () => {
    const local = await door.person("taken");
    const { backend } = await branch([personLdif("Taken"), personLdif("fine"), personLdif("not/a/name")]);
    const { rows, message } = await sync(backend.id);
    expect(rows.Taken).toMatchObject({ outcome: "failed", message: expect.stringMatching(/link that user to/) });
    expect(rows["not/a/name"]).toMatchObject({ outcome: "failed", message: expect.stringMatching(/no spaces/) });
    expect(rows.fine).toMatchObject({ outcome: "ok" });
    expect(message).toMatch(/1 created, 0 changed, 0 disabled, 2 failed/);
    expect(await door.db.selectFrom("identity").select("id").where("user_id", "=", local.id).execute()).toEqual([]);
    const attempt = door.call(guest(), signIn, { loginName: "Taken", password: "Taken-password" });
    await expect(attempt).rejects.toMatchObject({
      code: "denied",
      message: expect.stringMatching(/belongs to another user/),
    });
  });

  test("disables whom the directory lost only where that is asked, and enables them again", async () => {
    const { ou, backend } = await branch([personLdif("leaver"), personLdif("stayer")]);
    await sync(backend.id);
    await slapd.change(`dn: ${dnOf(ou, "leaver")}\nchangetype: delete\n`);
    expect(await sync(backend.id)).toMatchObject({ rows: {} });
    expect(await userOf("leaver")).toMatchObject({ active: true });
    await door.call(admin, updateSignInBackend, { id: backend.id, version: 1, settings: { disableMissing: true } });
    const { id } = (await userOf("leaver"))!;
    await door.db
      .insertInto("console_session")
      .values({
        id: newId(),
        token_hash: Buffer.alloc(32, 3),
        user_id: id,
        org_id: DEFAULT_ORGANIZATION,
        expires_at: new Date(Date.now() + 1e6),
      })
      .execute();
    expect(await sync(backend.id, true)).toMatchObject({ rows: { leaver: { message: /Disabled/ } } });
    expect(await userOf("leaver")).toMatchObject({ active: true });
    expect(await sync(backend.id)).toMatchObject({ message: expect.stringMatching(/1 disabled/) });
    expect(await userOf("leaver")).toMatchObject({ active: false, reason: "directory" });
    expect(await door.db.selectFrom("console_session").select("id").where("user_id", "=", id).execute()).toEqual([]);
    await slapd.change(at(ou, personLdif("leaver")));
    // The directory made a new entry: it is not the one that was linked.
    expect((await sync(backend.id)).rows.leaver).toMatchObject({ outcome: "failed" });
    await slapd
      .change(
        `dn: ${dnOf(ou, "stayer")}\nchangetype: modify\nadd: userAccountControl\nuserAccountControl: 514\n-\nadd: objectClass\nobjectClass: user\n`,
      )
      .catch(() => {});
    await slapd.change(
      `dn: ${dnOf(ou, "stayer")}\nchangetype: modify\nreplace: userAccountControl\nuserAccountControl: 514\n`,
    );
    await sync(backend.id);
    expect(await userOf("stayer")).toMatchObject({ active: false, reason: "directory" });
    const attempt = door.call(guest("10.0.0.77"), signIn, { loginName: "stayer", password: "stayer-password" });
    await expect(attempt).rejects.toMatchObject({ code: "denied" });
    await slapd.change(
      `dn: ${dnOf(ou, "stayer")}\nchangetype: modify\nreplace: userAccountControl\nuserAccountControl: 512\n`,
    );
    expect((await sync(backend.id)).rows.stayer).toMatchObject({ message: "Enabled again" });
    expect(await userOf("stayer")).toMatchObject({ active: true, reason: null });
  });

  test("whom an administrator disabled stays so; the last administrator is not disabled", async () => {
    const { ou, backend } = await branch([personLdif("off"), personLdif("chief")], { disableMissing: true });
    await sync(backend.id);
    const { id } = (await userOf("off"))!;
    await door.db
      .updateTable("users")
      .set({ active: false, disabled_reason: "administrator" })
      .where("id", "=", id)
      .execute();
    expect((await sync(backend.id)).rows).toEqual({});
    expect(await userOf("off")).toMatchObject({ active: false, reason: "administrator" });
    const orgId = await door.organization("Of the chief");
    const chief = (await userOf("chief"))!.id;
    await door.db.insertInto("membership").values({ org_id: orgId, user_id: chief }).execute();
    await door.db
      .insertInto("role_binding")
      .values({ org_id: orgId, user_id: chief, role_id: "administrator" })
      .execute();
    await slapd.change(`dn: ${dnOf(ou, "chief")}\nchangetype: delete\n`);
    const { rows, state } = await sync(backend.id);
    expect(rows.chief).toMatchObject({ outcome: "failed", message: expect.stringMatching(/last administrator/) });
    expect(state).toBe("done");
    expect(await userOf("chief")).toMatchObject({ active: true });
  });

  test("a directory that names nobody, or does not answer, disables nobody", async () => {
    const { ou, backend } = await branch([personLdif("only")], { disableMissing: true });
    await sync(backend.id);
    await slapd.change(`dn: ${dnOf(ou, "only")}\nchangetype: delete\n`);
    expect(await sync(backend.id)).toMatchObject({ state: "failed", message: expect.stringMatching(/named nobody/) });
    process.kill(slapd.pid, "SIGSTOP");
    try {
      expect(await sync(backend.id)).toMatchObject({
        state: "failed",
        message: expect.stringMatching(/did not answer/),
      });
    } finally {
      process.kill(slapd.pid, "SIGCONT");
    }
    expect(await userOf("only")).toMatchObject({ active: true });
  }, 30_000);

  test("renews names, and what mappings give", async () => {
    const { ou, backend } = await branch([personLdif("renamed")], { groups: "search" });
    const group = newId();
    await door.db
      .insertInto("user_group")
      .values({ id: group, org_id: DEFAULT_ORGANIZATION, name: `mapped ${group}` })
      .execute();
    const dn = `cn=team,ou=${ou},${BASE}`;
    await door.call(admin, addBackendMapping, {
      id: backend.id,
      outsideGroup: dn,
      orgId: DEFAULT_ORGANIZATION,
      groupId: group,
    });
    await sync(backend.id);
    await slapd.change(`dn: ${dn}\nobjectClass: groupOfNames\ncn: team\nmember: ${dnOf(ou, "renamed")}\n`);
    await slapd.change(`dn: ${dnOf(ou, "renamed")}\nchangetype: modify\nreplace: cn\ncn: New Name\n`);
    expect((await sync(backend.id)).rows.renamed).toEqual({
      outcome: "ok",
      message: "Name or mail address renewed; 1 given by mappings",
    });
    expect(await userOf("renamed")).toMatchObject({ name: "New Name" });
    await slapd.change(`dn: ${dn}\nchangetype: delete\n`);
    expect((await sync(backend.id)).rows.renamed).toMatchObject({ message: "1 taken back" });
  });

  test("creates nobody where the backend may not, and is refused to who lacks the permission", async () => {
    const { backend } = await branch([personLdif("unwanted")]);
    await door.call(admin, updateSignInBackend, { id: backend.id, version: 1, createsUsers: false });
    expect(await sync(backend.id)).toMatchObject({ message: expect.stringMatching(/0 created/) });
    expect(await userOf("unwanted")).toBeUndefined();
    const other = await door.person("org-admin", { roles: ["administrator"] });
    for (const preview of [true, false]) {
      expect(await door.codeOf(door.call(other, syncSignInBackend, { id: backend.id, preview }))).toBe("denied");
    }
  });
});

describe("a sync by schedule", () => {
  test("is due when its minutes are over, and tells whoever asked for it", async () => {
    const { backend } = await branch([personLdif("timed")], { syncMinutes: 5, reportTo: "it@example.org" });
    const [one] = door.iam.work.schedules.filter(({ key }) => key === "directory-sync");
    expect(await one!.when()).toEqual({ everyMinutes: 1 });
    const end = Date.now() + 5000;
    const kind = door.iam.work.kinds.find(({ key }) => key === "directory-sync")!;
    await door.database.transaction((db) =>
      door.platform.startJob(db, admin, kind, { backendId: null, preview: false }),
    );
    while (!(await userOf("timed")) && Date.now() < end) await pause(50);
    expect(await userOf("timed")).toMatchObject({ active: true });
    expect((await door.call(admin, readSignInBackend, { id: backend.id })).syncedAt).not.toBeNull();
    await pause(500);
    expect(await one!.when()).toBeNull();
    door.clock.aheadMs = 6 * 60_000;
    expect(await one!.when()).toEqual({ everyMinutes: 1 });
    const mails = await door.db.selectFrom("notification").select(["template", "address"]).execute();
    expect(mails).toContainEqual({ template: "directory-synced", address: "it@example.org" });
  });
});
