import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Door, guest, openDoor } from "../../../test/security/door.ts";
import { type Browser, browser, codeOf, enrolTotp, mustBeIn, withPassword } from "../../../test/security/way-in.ts";
import { newId } from "../../core/index.ts";
import type { Presence } from "../index.ts";
import { giveNewPassword } from "../schema.ts";
import { addProof, holdAttempt, openAttempt } from "./attempt.ts";

let door: Door;
beforeAll(async () => void (door = await openDoor({ max: 20 })));
afterAll(() => door.close());

let people = 0;
async function somebody() {
  const name = `on-the-way-${++people}`;
  const { id, orgId } = await door.person(name);
  await withPassword(door, id);
  return { id, name, orgId };
}
const changePassword = (id: string) =>
  sql`update users set password_hash = password_hash || 'x' where id = ${id}`.execute(door.db);
const mustChange = (id: string) => sql`update users set must_change_password = true where id = ${id}`.execute(door.db);
const NEW = "vermilion otter parade 71";
const give = (window: Browser) => window.call(giveNewPassword, { password: NEW });

/** Does the work while the user's attempts are gone, but not committed so; ends with what came of it. */
async function whileItEnds(userId: string, work: () => Promise<unknown>): Promise<string> {
  let outcome: Promise<string> | undefined;
  await door.db.transaction().execute(async (tx) => {
    await sql`delete from sign_in_attempt where user_id = ${userId}`.execute(tx);
    outcome = door.codeOf(work());
    const waiting = sql`select from pg_locks join pg_stat_activity using (pid)
      where not granted and datname = current_database()`;
    await expect.poll(async () => (await waiting.execute(door.db)).rows.length, { timeout: 15_000 }).toBeGreaterThan(0);
  });
  return outcome!;
}

async function certificateOf({ id, orgId }: { id: string; orgId: string }): Promise<Presence> {
  await sql`insert into ssh_authority (org_id, public_key, fingerprint, private_key)
    values (${orgId}, 'ssh-ed25519 AAAA', 'SHA256:authority', '') on conflict do nothing`.execute(door.db);
  const serial = 1000 + people;
  await sql`insert into ssh_certificate (org_id, serial, user_id, fingerprint, proofs, expires_at)
    values (${orgId}, ${serial}, ${id}, 'SHA256:k', '{password}', now() + interval '8 hours')`.execute(door.db);
  return {
    userId: id,
    orgId,
    since: new Date(Date.now() + 60_000),
    signInId: null,
    fingerprint: null,
    certificate: { orgId, serial },
    byPassword: false,
    permission: null,
  };
}

describe("when a password changes, whichever way", () => {
  test("a sign-in that began with the one before is over", async () => {
    const { id, name } = await somebody();
    const { secret } = await enrolTotp(door, name);
    const half = browser(door);
    expect(await half.signIn(name)).toMatchObject({ step: "second-factor" });
    await changePassword(id);
    expect(await door.codeOf(half.answer("totp", codeOf(secret)))).toBe("unauthenticated");
  });

  test("SSH certificates are revoked, and who came in with one goes", async () => {
    const who = await somebody();
    const inside = await certificateOf(who);
    expect(await door.iam.stillPresent([inside])).toEqual([true]);
    await sql`update users set name = name || '!' where id = ${who.id}`.execute(door.db);
    expect(await door.iam.stillPresent([inside])).toEqual([true]);
    await changePassword(who.id);
    expect(await door.iam.stillPresent([inside])).toEqual([false]);
  });
});

describe("the new password that a sign-in asks for", () => {
  test("lets in who gave it, and ends all that stood before", async () => {
    const { id, name } = await somebody();
    const [before, other, window] = [browser(door), browser(door), browser(door)];
    mustBeIn(await before.signIn(name));
    await mustChange(id);
    for (const one of [other, window]) expect(await one.signIn(name)).toMatchObject({ step: "new-password" });
    mustBeIn(await give(window));
    expect([await window.isIn(), await before.isIn()]).toEqual([true, false]);
    expect(await door.codeOf(give(other))).toBe("unauthenticated");
  });

  test("is not taken for a sign-in that ends at the same moment", async () => {
    const { id, name } = await somebody();
    await mustChange(id);
    const window = browser(door);
    await window.signIn(name);
    expect(await whileItEnds(id, () => give(window))).toBe("unauthenticated");
    expect(await window.isIn()).toBe(false);
  });
});

describe("a proof counts only while its sign-in lasts", () => {
  test("a second factor does not let in whose sign-in ends at the same moment", async () => {
    const { id, name } = await somebody();
    const { secret } = await enrolTotp(door, name);
    const window = browser(door);
    await window.signIn(name);
    expect(await whileItEnds(id, () => window.answer("totp", codeOf(secret, 0)))).toBe("unauthenticated");
    expect(await window.isIn()).toBe(false);
  });

  test("one that is over, tried too often, or somebody's already takes none", async () => {
    const { id } = await somebody();
    const open = () => openAttempt(door.db, guest(), { userId: null, proofs: [] });
    const { id: good } = await open();
    expect(await addProof(door.db, good, "passkey", id)).toEqual(["passkey"]);
    const refused = async (attempt: string, userId?: string) =>
      door.codeOf(addProof(door.db, attempt, "passkey", userId));
    expect(await refused(good, id)).toBe("unauthenticated");
    expect(await refused(newId())).toBe("unauthenticated");
    const { id: late } = await open();
    await sql`update sign_in_attempt set expires_at = now() where id = ${late}`.execute(door.db);
    const { id: often } = await open();
    await sql`update sign_in_attempt set failures = 5 where id = ${often}`.execute(door.db);
    expect([await refused(late, id), await refused(often, id)]).toEqual(["unauthenticated", "unauthenticated"]);
    expect(await door.codeOf(door.db.transaction().execute((tx) => holdAttempt(tx, newId())))).toBe("unauthenticated");
  });
});
