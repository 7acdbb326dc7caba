import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Door, openDoor } from "../../../test/security/door.ts";
import { browser, mustBeIn, withPassword } from "../../../test/security/way-in.ts";
import { switchOrganization } from "../schema.ts";
import { consoleSettings, tokenSettings } from "../tokens/settings.ts";
import { asksOf, levelOf, limitsOf } from "./asks.ts";
import { candidateOf, type Level } from "./candidate.ts";
import { signInSettings } from "./settings.ts";
import { type Facts, nextStep } from "./step.ts";

const app = (more: object = {}) => ({ kind: "totp", ready: false, fallback: false, canEnrol: true, ...more });
const mail = (more: object = {}) => ({ kind: "mailed-code", ready: false, fallback: false, canEnrol: false, ...more });
const facts = (more: Partial<Facts> = {}): Facts => ({
  proofs: ["password"],
  level: "on",
  factors: [app(), mail()],
  newPassword: null,
  ...more,
});

describe("what comes next", () => {
  const ask = (...kinds: string[]) => ({ step: "second-factor", kinds });
  const enrol = (...kinds: string[]) => ({ step: "enrol", kinds });
  const done = { step: "done" };
  const cases: [string, Level, Facts["factors"], object][] = [
    ["nobody is asked", "off", [app({ ready: true })], done],
    ["nobody sets one up", "off", [app()], done],
    ["who has one is asked for it", "on", [app({ ready: true }), mail()], ask("totp")],
    ["who has two chooses", "on", [app({ ready: true }), mail({ ready: true })], ask("totp", "mailed-code")],
    ["who has none is let in", "on", [app(), mail()], done],
    ["a way for those who have nothing is not forced on anybody", "on", [app(), mail({ fallback: true })], done],
    ["who has one is asked for it", "forced", [app({ ready: true })], ask("totp")],
    [
      "who has one is not asked for the way of those who have nothing",
      "forced",
      [app({ ready: true }), mail({ fallback: true })],
      ask("totp"),
    ],
    [
      "who has nothing is asked for the way that the settings leave",
      "forced",
      [app(), mail({ fallback: true })],
      ask("mailed-code"),
    ],
    ["who has none sets one up", "forced", [app(), mail()], enrol("totp")],
    ["where nothing can be set up nobody gets in", "forced", [mail()], enrol()],
  ];
  test.each(cases)("%s (%s)", (_, level, factors, next) => {
    expect(nextStep(facts({ level, factors }))).toEqual(next);
  });

  test("a second factor that was given is not asked for again; a first proof that is none does not count", () => {
    const factors = [app({ ready: true })];
    for (const proofs of [["password"], ["key"], ["backend:ldap"], []])
      expect(nextStep(facts({ level: "forced", factors, proofs }))).toEqual(ask("totp"));
    expect(nextStep(facts({ level: "forced", factors, proofs: ["password", "totp"] }))).toEqual(done);
  });

  test("the second factor comes before the new password", () => {
    const factors = [app({ ready: true })];
    expect(nextStep(facts({ factors, newPassword: "asked" }))).toEqual(ask("totp"));
    expect(nextStep(facts({ factors, newPassword: "asked", proofs: ["password", "totp"] }))).toEqual({
      step: "new-password",
      because: "asked",
    });
  });
});

describe("what is asked", () => {
  let door: Door;
  beforeAll(async () => void (door = await openDoor()));
  afterAll(() => door.close());
  const LEVELS: readonly Level[] = ["off", "on", "forced"];

  async function set(
    orgId: string | null,
    values: object,
    { key }: { readonly key: string } = signInSettings,
  ): Promise<void> {
    const value = JSON.stringify(values);
    await door.db
      .insertInto("setting")
      .values({ key, org_id: orgId, value })
      .onConflict((conflict) => conflict.constraint("setting_is_kept_once").doUpdateSet({ value }))
      .execute();
  }

  test("the most of site, organization, role and user, in every combination", async () => {
    const orgId = await door.organization("levels");
    const { id } = await door.person("levels", { orgId });
    await door.db.insertInto("role").values({ id: "asked", name: "Asked", description: "", built_in: false }).execute();
    await door.db.insertInto("role_binding").values({ org_id: orgId, user_id: id, role_id: "asked" }).execute();
    for (const site of LEVELS) {
      await set(null, { secondFactor: site });
      for (const org of LEVELS) {
        await set(orgId, { secondFactor: org });
        for (const role of [null, "on", "forced"] as const) {
          await door.db.updateTable("role").set({ second_factor: role }).where("id", "=", "asked").execute();
          for (const own of [null, "on", "forced"] as const) {
            await door.db.updateTable("users").set({ second_factor: own }).where("id", "=", id).execute();
            const user = await candidateOf(door.db, id);
            const most =
              LEVELS[
                Math.max(...[site, org, role ?? "off", own ?? "off"].map((level) => LEVELS.indexOf(level as Level)))
              ];
            expect([site, org, role, own, await levelOf(door, user!)]).toEqual([site, org, role, own, most]);
          }
        }
      }
    }
  });

  test("an organization that is entered second counts as much as the first, and no organization asks less than the site", async () => {
    const [first, second] = [await door.organization("first"), await door.organization("second")];
    const { id } = await door.person("in-two", { orgId: first });
    await door.person("in-two", { orgId: second, id });
    await set(null, { secondFactor: "on", rememberMinutes: 5, mailedCode: "chosen" });
    await set(first, { secondFactor: "off", rememberMinutes: 60, mailedCode: "fallback" });
    expect(await asksOf(door, id)).toEqual({
      level: "on",
      rememberMinutes: 5,
      mailedCode: "chosen",
      passkeyAlone: true,
    });
    await set(second, { secondFactor: "forced", rememberMinutes: 0, mailedCode: "off", passkeyAlone: false });
    expect(await asksOf(door, id)).toEqual({
      level: "forced",
      rememberMinutes: 0,
      mailedCode: "off",
      passkeyAlone: false,
    });
  });

  test("sessions, certificates and keys live as long as the strictest says, wherever the person came in", async () => {
    const [first, second] = [await door.organization("lax"), await door.organization("strict")];
    const { id } = await door.person("limited", { orgId: first });
    await door.person("limited", { orgId: second, id });
    await withPassword(door, id);
    for (const orgId of [null, first, second]) await set(orgId, { secondFactor: "off" });
    await set(null, { idleMinutes: 100, longestHours: 10 }, consoleSettings);
    await set(first, { idleMinutes: 900, longestHours: 20 }, consoleSettings);
    await set(second, { idleMinutes: 500, longestHours: 2 }, consoleSettings);
    await set(null, { longestKeyDays: 30, certificateHours: 5 }, tokenSettings);
    await set(second, { longestKeyDays: 900, certificateHours: 1 }, tokenSettings);
    expect(await limitsOf(door, id)).toEqual({
      idleMinutes: 100,
      longestHours: 2,
      longestKeyDays: 30,
      certificateHours: 1,
      certificatesOnlyFromAddress: false,
    });
    await set(first, { certificatesOnlyFromAddress: true }, tokenSettings);
    expect(await limitsOf(door, id)).toMatchObject({ certificatesOnlyFromAddress: true });
    const window = browser(door);
    mustBeIn(await window.signIn("limited"));
    const limits = () =>
      sql<{ idle: number; hours: number }>`
        select idle_minutes as idle, extract(epoch from expires_at - signed_in_at)::int / 3600 as hours
        from console_session where user_id = ${id}`
        .execute(door.db)
        .then(({ rows }) => rows[0]);
    expect(await limits()).toEqual({ idle: 100, hours: 2 });
    await set(second, { idleMinutes: 50, longestHours: 1 }, consoleSettings);
    await window.call(switchOrganization, { id: second });
    expect(await limits()).toEqual({ idle: 50, hours: 1 });
    await window.call(switchOrganization, { id: first });
    expect(await limits()).toEqual({ idle: 50, hours: 1 });
  });
});
