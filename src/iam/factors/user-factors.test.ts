import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Door, openDoor } from "../../../test/security/door.ts";
import { browser, codeOf, enrolTotp, mustBeIn, withPassword } from "../../../test/security/way-in.ts";
import type { Actor } from "../../core/index.ts";
import { DEFAULT_ORGANIZATION, resetFactorsOnMachine } from "../index.ts";
import { listUserFactors, resetUserFactors } from "../schema.ts";

let door: Door;
let admin: Actor;
/** As if the password had just been given. */
const fresh = (actor: Actor): Actor => ({
  ...actor,
  proved: { signIn: new Date(), password: new Date(), secondFactor: null },
});

beforeAll(async () => {
  door = await openDoor({ max: 20 });
  admin = fresh(await door.person("admin", { roles: ["administrator"] }));
});
afterAll(() => door.close());

let people = 0;
async function owner(roles: readonly string[] = []) {
  const name = `person-${++people}`;
  const { id } = await door.person(name, { roles });
  await withPassword(door, id);
  return { id, name, ...(await enrolTotp(door, name)) };
}

describe("an administrator", () => {
  test("sees which kinds somebody has and when they were used, and nothing of their secrets", async () => {
    const { id, name, secret, recoveryCodes } = await owner();
    const next = browser(door);
    await next.signIn(name);
    mustBeIn(await next.answer("totp", codeOf(secret)));
    const seen = await door.call(admin, listUserFactors, { id });
    expect(seen).toMatchObject({
      level: "forced",
      factors: [{ kind: "totp", title: "Authenticator app", usedAt: expect.stringMatching(/Z$/) }],
      recoveryCodes: { made: 10, left: 10 },
    });
    for (const one of [secret, ...recoveryCodes]) expect(JSON.stringify(seen)).not.toContain(one);
  });

  test("takes all of it away: sessions, begun sign-ins and remembered proofs end, and a new one is set up", async () => {
    const { id, name, secret, recoveryCodes, browser: window } = await owner();
    await door.db
      .insertInto("remembered_proof")
      .values({
        user_id: id,
        address: "10.0.0.1",
        first_proof: "password",
        proofs: ["totp"],
        expires_at: new Date(Date.now() + 60_000),
      })
      .execute();
    await sql`with ca as (insert into ssh_authority (org_id, public_key, fingerprint, private_key)
        values (${DEFAULT_ORGANIZATION}, 'ssh-ed25519 AAAA', 'SHA256:authority', ''))
      insert into ssh_certificate (org_id, serial, user_id, fingerprint, proofs, expires_at)
      values (${DEFAULT_ORGANIZATION}, 1, ${id}, 'SHA256:k', '{password,totp}', now() + interval '8 hours')`.execute(
      door.db,
    );
    const half = browser(door);
    await half.signIn(name);
    expect(await window.isIn()).toBe(true);
    expect(await door.call(admin, resetUserFactors, { id })).toEqual({ removed: 11 });
    expect(await window.isIn()).toBe(false);
    expect(await door.codeOf(half.answer("totp", codeOf(secret)))).toBe("unauthenticated");
    const { rows } = await sql`select from remembered_proof where user_id = ${id}`.execute(door.db);
    expect(rows).toEqual([]);
    const good = await sql`select from ssh_certificate where user_id = ${id} and revoked_at is null`.execute(door.db);
    expect(good.rows).toEqual([]);
    const next = browser(door);
    expect(await next.signIn(name)).toMatchObject({ step: "enrol" });
    expect(await door.codeOf(next.answer("recovery-code", recoveryCodes[0]!))).toBe("conflict");
    const { secret: renewed } = (await next.beginEnrolment("totp")) as { secret: string };
    expect(renewed).not.toBe(secret);
    mustBeIn((await next.finishEnrolment("totp", codeOf(renewed))).next);
    expect((await door.events("user.factor.reset")).at(-1)).toMatchObject({
      outcome: "ok",
      actor_id: admin.id,
      target_kind: "user",
      target_id: id,
    });
  });

  test("who proved nothing of late is asked to", async () => {
    const { id } = await owner();
    const stale = {
      ...admin,
      proved: { signIn: new Date(), password: new Date(Date.now() - 6 * 60_000), secondFactor: null },
    };
    expect(await door.codeOf(door.call(stale, resetUserFactors, { id }))).toBe("unconfirmed");
  });

  test("cannot reset who holds more, who also belongs elsewhere, a stranger, or themselves", async () => {
    const above = await owner(["administrator", "system-administrator"]);
    expect(await door.codeOf(door.call(admin, resetUserFactors, { id: above.id }))).toBe("denied");
    const orgId = await door.organization("elsewhere");
    const shared = await owner();
    await door.person(shared.name, { orgId, id: shared.id });
    expect(await door.codeOf(door.call(admin, resetUserFactors, { id: shared.id }))).toBe("denied");
    const stranger = await door.person("stranger", { orgId });
    expect(await door.codeOf(door.call(admin, resetUserFactors, { id: stranger.id }))).toBe("not_found");
    expect(await door.codeOf(door.call(admin, listUserFactors, { id: stranger.id }))).toBe("not_found");
    expect(await door.codeOf(door.call(admin, resetUserFactors, { id: admin.id! }))).toBe("denied");
    const { rows } = await sql<{
      n: number;
    }>`select count(*)::int as n from totp where user_id in (${above.id}, ${shared.id})`.execute(door.db);
    expect(rows).toEqual([{ n: 2 }]);
  });

  test("an auditor sees, and resets nothing", async () => {
    const { id } = await owner();
    const auditor = fresh(await door.person(`auditor-${++people}`, { roles: ["auditor"] }));
    expect(await door.codeOf(door.call(auditor, listUserFactors, { id }))).toBe("ok");
    expect(await door.codeOf(door.call(auditor, resetUserFactors, { id }))).toBe("denied");
  });
});

describe("on the machine", () => {
  test("the sole administrator's are reset by name, and an event says so", async () => {
    const { id, name, browser: window } = await owner(["administrator"]);
    const { rows } = await sql`select from role_binding where org_id = ${DEFAULT_ORGANIZATION}`.execute(door.db);
    expect(rows.length).toBeGreaterThan(0);
    expect(await resetFactorsOnMachine(door, name.toUpperCase())).toBe(11);
    expect(await window.isIn()).toBe(false);
    expect(await browser(door).signIn(name)).toMatchObject({ step: "enrol" });
    expect((await door.events("user.factor.reset")).at(-1)).toMatchObject({
      outcome: "ok",
      actor_name: "system",
      target_id: id,
    });
    expect(await door.codeOf(resetFactorsOnMachine(door, "nobody-here"))).toBe("not_found");
  });
});
