import { sql } from "kysely";
import type { z } from "zod";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { openRules, type Person, type Rules } from "../../../test/security/rules.ts";
import { createAccessRule } from "../../assets/schema.ts";
import { newId } from "../../core/index.ts";
import { readSettings, updateSettings } from "../../platform/schema.ts";
import { openSession } from "./life.ts";
import { waitForReview } from "./review.ts";
import { withAccessRules } from "./ruled.ts";

let rules: Rules;
let { door, admin, fresh } = {} as Rules;
let [ann, bob] = [] as unknown as [Person, Person];
let host: Awaited<ReturnType<Rules["asset"]>>;

beforeAll(async () => {
  rules = await openRules();
  ({ door, admin, fresh } = rules);
  ann = await rules.newPerson("ann");
  bob = await rules.newPerson("bob");
});
afterEach(async () => {
  await sql`delete from access_rule`.execute(door.db);
  await sql`delete from ticket`.execute(door.db);
});
afterAll(() => door.close());

const rule = (fields: Partial<z.input<typeof createAccessRule.input>>) =>
  door.call(admin, createAccessRule, { kind: "connect", name: fresh("rule"), action: "reject", ...fields });

/** An asset that the person may reach, or may not. */
async function reach(allowed = true): Promise<void> {
  host = await rules.asset();
  if (allowed) await rules.rule({ userIds: [ann.id], assetIds: [host.id] });
}
const open = (approved: string[] = [], actor: Person = ann) =>
  openSession({ runtime: door.runtime, assets: door.assets }, actor, {
    assetId: host.id,
    accountId: host.ids.root!,
    protocol: "ssh",
    kind: "shell",
    command: null,
    gatewayId: newId(),
    approved,
  });

describe("opening a session", () => {
  test("is refused by an access rule after the permission rule, and leaves no row", async () => {
    await reach();
    await rule({ name: "Nobody" });
    await expect(open()).rejects.toMatchObject({ code: "denied", message: expect.stringContaining('"Nobody"') });
    const { rows } = await sql`select 1 from session where asset_id = ${host.id}`.execute(door.db);
    expect(rows).toEqual([]);
  });

  test("with an API key is refused by a rule on web terminals", async () => {
    await reach();
    await rule({ kind: "connect-method", settings: { methods: ["web-terminal"] } });
    await expect(open([], { ...ann, via: "api" })).rejects.toMatchObject({ code: "denied" });
    await expect(open([], { ...ann, via: "ssh" })).resolves.toMatchObject({ notices: [] });
  });

  test("tells when the rules change by the clock, and what the person is to read", async () => {
    await reach();
    await rule({
      action: "warn",
      notice: "Careful.",
      settings: { times: { zone: "UTC", ranges: [{ day: "monday", from: "00:00", to: "24:00" }] } },
    });
    const now = new Date();
    const { nextChange } = await open();
    expect([0, 0]).toEqual([nextChange!.getUTCHours(), nextChange!.getUTCMinutes()]);
    expect([1, 2]).toContain(nextChange!.getUTCDay());
    expect(nextChange!.getTime() - now.getTime()).toBeLessThanOrEqual(7 * 86_400_000);
    await sql`delete from access_rule`.execute(door.db);
    await rule({ action: "warn", notice: "Careful." });
    expect((await open()).notices).toEqual(["Careful."]);
  });

  test("is over for a live one whose account went between the two questions", async () => {
    await reach();
    await rule({ active: false });
    const subject = { orgId: ann.orgId, userId: ann.id, assetId: host.id, accountId: newId() };
    const request = { ...subject, protocol: "ssh", action: "connect", address: null, method: "ssh-client" } as const;
    const standing = { allowed: true, outlives: null, byClock: false, gave: new Map(), nextChange: null };
    const [now] = await withAccessRules(door.db, [request], [standing], new Date());
    expect(now).toMatchObject({ allowed: false, outlives: null });
  });

  test("under a rule that tells mails its reviewers with the session, and nobody for what was refused", async () => {
    await reach();
    const site = await door.person(fresh("site"), { roles: ["system-administrator"] });
    const { version } = await door.call(site, readSettings, { key: "mail" });
    const values = { host: "localhost", port: 2525, fromAddress: "gate@example.org" };
    await door.call(site, updateSettings, { key: "mail", version, values });
    await rule({ priority: 50, action: "notify", reviewerIds: [bob.id] });
    await open();
    const owed = () =>
      door.db.selectFrom("notification").select("user_id").where("template", "=", "access-rule-notice").execute();
    expect(await owed()).toEqual([{ user_id: bob.id }]);
    await rule({ priority: 1 });
    await expect(open()).rejects.toMatchObject({ code: "denied" });
    expect(await owed()).toHaveLength(1);
  });

  test("needs the approval of the very rule that asks for it", async () => {
    await reach();
    const { id } = await rule({ action: "review", reviewerIds: [bob.id] });
    await expect(open()).rejects.toMatchObject({ code: "denied" });
    await expect(open([bob.id])).rejects.toMatchObject({ code: "denied" });
    expect((await open([id])).notices).toEqual([]);
  });
});

describe("waiting for a review", () => {
  function wait(closed: Promise<unknown> = new Promise(() => {}), reviewMs = 300) {
    const said: string[] = [];
    const subject = { orgId: ann.orgId, userId: ann.id, assetId: host.id, accountId: host.ids.root! };
    const request = {
      ...subject,
      protocol: "ssh",
      action: "connect",
      address: "10.0.0.1",
      method: "ssh-client",
    } as const;
    const person = { actor: ann, notice: (text: string) => void said.push(text), closed };
    return { said, done: waitForReview({ runtime: door.runtime, assets: door.assets, reviewMs }, request, person) };
  }
  const tickets = () => door.db.selectFrom("ticket").select("state").execute();

  test("asks nobody where no rule asks for it", async () => {
    await reach();
    expect(await wait().done).toEqual([]);
    expect(await tickets()).toEqual([]);
  });

  test("asks nobody for whom no permission rule lets in", async () => {
    await reach(false);
    await rule({ action: "review", reviewerIds: [bob.id] });
    expect(await wait().done).toEqual([]);
    expect(await tickets()).toEqual([]);
  });

  test("ends when its time is over, and the request with it", async () => {
    await reach();
    await rule({ action: "review", reviewerIds: [bob.id], notice: "Say why on the phone." });
    const { said, done } = wait();
    await expect(done).rejects.toMatchObject({ code: "timeout" });
    expect(said).toEqual([expect.stringMatching(/asks for an approval\. Asked: bob.*Say why on the phone\./)]);
    await expect(wait().done).rejects.toMatchObject({ code: "too_many" });
    expect(await tickets()).toHaveLength(1);
  });

  test("ends with the person, and takes the request back", async () => {
    await reach();
    await rule({ action: "review", reviewerIds: [bob.id] });
    const gone = Promise.withResolvers<void>();
    const { done } = wait(gone.promise, 20_000);
    setTimeout(gone.resolve, 200);
    await expect(done).rejects.toMatchObject({ code: "denied" });
    expect(await tickets()).toEqual([{ state: "cancelled" }]);
  });
});
